import type { Request, RequestHandler } from 'express';
import { appOrigin } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { WebContext } from '../context.ts';
import { ownPath } from '../own-path.ts';

/** Where a person may come from elsewhere without a word: Webex's redirect, and one-time links. */
const openToNavigation = /^\/(?:auth\/code|access\/[^/]+|sign-in\/[^/]+)$/;

/**
 * Refuses what another site, or another port of localhost, makes the browser ask for. What changes something has to name
 * our own origin, whatever else it carries: after DNS rebinding, or from an old browser, `Sec-Fetch-Site` is absent.
 */
export function sameOrigin({ vault, render }: WebContext): RequestHandler {
  const origin = appOrigin(vault.settings);
  return (request, response, next) => {
    const site = request.headers['sec-fetch-site'];
    const fromHere = site === undefined || site === 'same-origin' || site === 'none';
    if (isSafe(request)) {
      if (fromHere || (isNavigation(request) && openToNavigation.test(request.path))) next();
      else if (isNavigation(request)) {
        render(
          request,
          response,
          'cross-site',
          { path: ownPath(request.path, origin) ?? '/' },
          { title: 'From another site', status: 403 },
        );
      } else next(foreign());
      return;
    }
    if (request.headers.origin === origin && fromHere) next();
    else next(foreign());
  };
}

function isSafe(request: Request): boolean {
  return request.method === 'GET' || request.method === 'HEAD';
}

/** The person's own browser window going somewhere, as against a frame, picture or script. */
function isNavigation(request: Request): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = request.headers;
  return request.method === 'GET' && mode === 'navigate' && destination === 'document';
}

function foreign(): BrokerError {
  return new BrokerError('E_CROSS_ORIGIN', 'This request does not come from a page of this app.', {
    help: 'Open the page in this app and use its button.',
  });
}
