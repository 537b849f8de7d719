import type { RequestHandler } from 'express';
import { appOrigin } from '../../config/settings.ts';
import type { Remedy } from '../../errors/remedy.ts';
import { redeemAccessLink } from '../../vault/sign-in/access-links.ts';
import { linkUsed } from '../../vault/sign-in/one-time-links.ts';
import type { WebContext } from '../context.ts';
import { refusePrefetch } from '../middleware/refuse-prefetch.ts';
import { ownPath } from '../own-path.ts';
import { authenticateSession } from '../session/session.ts';

/** `GET /access/:secret`: the one-time link that signs a browser in to the web app. `?next=` is the page to open. */
export function openAccessLink({ vault, render }: WebContext): RequestHandler<{ secret: string }> {
  return async (request, response) => {
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    if (await redeemAccessLink(vault, request.params.secret)) await authenticateSession(request);
    // The browser that used the link may reload it.
    else if (request.session.authenticated !== true) throw linkUsed(newLink);
    const next = ownPath(request.query.next, appOrigin(vault.settings)) ?? '/';
    const site = request.headers['sec-fetch-site'];
    if (site !== 'same-site' && site !== 'cross-site') {
      response.redirect(303, next);
      return;
    }
    // The browser would still treat a redirect as a cross-site request, even one from the cleanup server.
    render(
      request,
      response,
      'access-link',
      { next },
      { title: 'Open the web app', refresh: { seconds: 0, url: next } },
    );
  };
}

const newLink: Remedy = { text: 'For a new link, run this in a terminal', command: ['open'] };
