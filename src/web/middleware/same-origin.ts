import type { Request, RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';
import { ownPath } from '../own-path.ts';
import type { Render } from '../render.ts';

/** Paths that links on other sites may open directly: Webex's redirect, and one-time links. */
const openToNavigation = /^\/(?:auth\/code|access\/[^/]+|sign-in\/[^/]+)$/;

/**
 * Rejects requests that another site, or another port of localhost, makes the browser send. A request that changes
 * something must have the origin of the web app, because `Sec-Fetch-Site` is missing in old browsers and after DNS rebinding.
 */
export function sameOrigin({ origin, render }: { origin: string; render: Render }): RequestHandler {
  return (request, response, next) => {
    const site = request.headers['sec-fetch-site'];
    const fromSameOrigin = site === undefined || site === 'same-origin' || site === 'none';
    if (isSafe(request)) {
      if (fromSameOrigin || (isNavigation(request) && openToNavigation.test(request.path))) next();
      else if (isNavigation(request)) {
        render(
          request,
          response,
          'cross-site',
          { path: ownPath(request.path, origin) ?? '/' },
          { title: 'From another site', status: 403 },
        );
      } else next(crossOrigin());
      return;
    }
    if (request.headers.origin === origin && fromSameOrigin) next();
    else next(crossOrigin());
  };
}

function isSafe(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

/** Whether the request loads a page into a browser window, not a frame, an image or a script. */
function isNavigation(request: Request): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = request.headers;
  return request.method === 'GET' && mode === 'navigate' && destination === 'document';
}

function crossOrigin(): BrokerError {
  return new BrokerError('E_CROSS_ORIGIN', 'This request does not come from a page of this app.', {
    help: 'Open the page in this app and use its button.',
  });
}
