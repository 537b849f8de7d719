import type { RequestHandler } from 'express';
import { beginByLink } from '../../vault/begin-sign-in.ts';
import type { WebContext } from '../context.ts';
import { refusePrefetch } from '../one-time.ts';
import { bindingOf } from '../session.ts';

/** `GET /sign-in/:link`: begins, in whichever browser opens it, the sign-in that a terminal or another window asked for. */
export function signInLink({ vault }: WebContext): RequestHandler<{ link: string }> {
  return async (request, response) => {
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    const { authorizeUrl } = await beginByLink(vault, request.params.link, await bindingOf(request));
    response.redirect(303, authorizeUrl);
  };
}
