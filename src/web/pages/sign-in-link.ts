import type { RequestHandler } from 'express';
import { beginByLink } from '../../vault/begin-sign-in.ts';
import { newSecret } from '../../vault/secrets.ts';
import type { WebContext } from '../context.ts';
import { refusePrefetch } from '../one-time.ts';
import { saveSession } from '../session.ts';

/** `GET /sign-in/:link`: begins, in whichever browser opens it, the sign-in that a terminal or another window asked for. */
export function signInLink({ vault }: WebContext): RequestHandler<{ link: string }> {
  return async (request, response) => {
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    // Kept only once the link has proved good: whoever guesses at links fills no store with sessions.
    const binding = request.session.binding ?? newSecret();
    const { authorizeUrl } = await beginByLink(vault, request.params.link, binding);
    request.session.binding = binding;
    await saveSession(request);
    response.redirect(303, authorizeUrl);
  };
}
