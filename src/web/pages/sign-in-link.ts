import type { RequestHandler } from 'express';
import { appOrigin } from '../../config/settings.ts';
import { profileTitle } from '../../domain/profile.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';
import { pendingSignIn, startFromLink } from '../../vault/sign-in/start-sign-in.ts';
import type { WebContext } from '../context.ts';
import { refusePrefetch } from '../middleware/refuse-prefetch.ts';
import { saveSession } from '../session/session.ts';

/**
 * `GET /sign-in/:link`: starts a sign-in that was requested in a terminal or another window, in the browser that opens the
 * link. The browser first gets a page that checks for foreign service workers, because the token will return to this origin.
 */
export function signInLink(context: WebContext): RequestHandler<{ link: string }> {
  const { vault, render, cleanupServer } = context;
  const begin = startSignInFromLink(context);
  return async (request, response, next) => {
    // Every browser sends this header, even with requests from a service worker.
    if (request.headers['sec-fetch-site'] === undefined) {
      await begin(request, response, next);
      return;
    }
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    const { link } = request.params;
    const { id, profileName, displayName, deployment } = await pendingSignIn(vault, link);
    const path = `/sign-in/${link}`;
    const existing = await findProfile(vault.db, profileName);
    render(
      request,
      response,
      'redirect-to-webex',
      {
        continueUrl: `${path}/begin`,
        host: new URL(vault.settings.webex[deployment].idbroker).host,
        organization: existing === null ? (displayName ?? profileName) : profileTitle(existing),
        main: appOrigin(vault.settings),
        link: path,
        removeUrl: cleanupServer === null ? null : `${cleanupServer.origin}${path}/remove`,
        statusUrl: request.session.authenticated === true ? `/sign-ins/${id}` : null,
      },
      { title: 'Continue to Webex', at: existing === null ? 'sign-in' : 'overview', script: 'redirect' },
    );
  };
}

/** `GET /sign-in/:link/begin`: uses the link and redirects to Webex. */
export function startSignInFromLink({ vault }: WebContext): RequestHandler<{ link: string }> {
  return async (request, response) => {
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    // Stored only for a valid link, so that guessing links does not fill the store with sessions.
    const binding = request.session.binding ?? newSecret();
    const { authorizeUrl } = await startFromLink(vault, request.params.link, binding);
    request.session.binding = binding;
    await saveSession(request);
    response.redirect(303, authorizeUrl);
  };
}
