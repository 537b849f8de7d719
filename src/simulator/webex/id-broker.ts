import express, { type Response, Router } from 'express';
import type { Deployment } from '../../webex/deployments.ts';
import { type AuthorizationRequest, checkAuthorizationRequest } from './authorization-request.ts';
import { errorUrl, type Issuers, successUrl } from './authorization-response.ts';
import type { SimulatedAccount } from './organizations.ts';
import { sendMessagePage, sendSignInPage } from './pages.ts';
import type { WebexSettings } from './settings.ts';
import { parseSignInForm, settingsChosen } from './sign-in-form.ts';
import { SingleSignOn } from './single-sign-on.ts';
import type { TokenRegistry } from './tokens.ts';

export interface IdBrokerParts {
  deployment: Deployment;
  accounts: SimulatedAccount[];
  tokens: TokenRegistry;
  settings: WebexSettings;
  issuers: Issuers;
}

const authorizePath = '/oauth2/v1/authorize';

/** An ID broker, below `/idb`. */
export function idBroker({ deployment, accounts, tokens, settings, issuers }: IdBrokerParts): Router {
  const router = Router();
  const sessions = new SingleSignOn(deployment);

  function askWhoSignsIn(response: Response, request: AuthorizationRequest, query: string): void {
    sendSignInPage(response, { deployment, accounts, request, query, settings });
  }

  router.get(authorizePath, (request, response) => {
    const query = queryOf(request.originalUrl);
    const checked = checkAuthorizationRequest(new URLSearchParams(query));
    if (checked.kind === 'refused') {
      sendMessagePage(response, 400, {
        deployment,
        title: 'This sign-in cannot continue',
        text: checked.reason,
      });
      return;
    }
    if (checked.kind === 'error') {
      response.redirect(errorUrl(checked.request, checked, settings, issuers));
      return;
    }
    const session = sessions.current(request);
    if (session === undefined) {
      askWhoSignsIn(response, checked.request, query);
      return;
    }
    const chosen = session.chosen ?? settings;
    session.chosen = null;
    const token = tokens.issue({
      account: session.account,
      scopes: checked.request.scopes,
      lifetimeSeconds: chosen.lifetimeSeconds,
      form: chosen.tokenForm,
    });
    response.redirect(successUrl(checked.request, token, chosen, issuers));
  });

  router.post('/sign-in', express.urlencoded({ extended: false }), (request, response) => {
    const form = parseSignInForm(request.body);
    const checked = checkAuthorizationRequest(new URLSearchParams(form?.request));
    if (form === null || checked.kind === 'refused') {
      sendMessagePage(response, 400, {
        deployment,
        title: 'This sign-in cannot continue',
        text: 'The form does not belong to a sign-in that was started here.',
      });
      return;
    }
    const chosen = settingsChosen(form, settings);
    const account = accounts.find(({ name }) => name === form.account);
    if (form.outcome !== undefined || account === undefined) {
      const error = form.outcome === 'error' ? form.error : 'access_denied';
      const description = error === 'access_denied' ? 'The person did not agree' : `Simulated ${error}`;
      response.redirect(303, errorUrl(checked.request, { error, description }, chosen, issuers));
      return;
    }
    sessions.begin(response, { account, chosen });
    response.redirect(303, `/idb${authorizePath}?${form.request}`);
  });

  // The URL in Microsoft's tutorial starts here: it requires a new sign-in, even if someone is signed in, and then opens `goto`.
  router.get('/saml2/jsp/doSSO.jsp', (request, response) => {
    const query = new URLSearchParams(queryOf(request.originalUrl));
    const goto = query.get('goto') ?? '';
    const begin = `${issuers.own}${authorizePath}?`;
    const checked = checkAuthorizationRequest(new URLSearchParams(queryOf(goto)));
    if (query.get('type') !== 'login' || !goto.startsWith(begin) || checked.kind === 'refused') {
      sendMessagePage(response, 400, {
        deployment,
        title: 'This sign-in cannot continue',
        text: 'The address to go to afterwards (goto) is not a sign-in at this ID broker.',
      });
      return;
    }
    sessions.end(request, response);
    askWhoSignsIn(response, checked.request, queryOf(goto));
  });

  router.get('/oauth2/v1/logout', (request, response) => {
    sessions.end(request, response);
    const goto = new URLSearchParams(queryOf(request.originalUrl)).get('goto') ?? '';
    if (isLoopback(goto)) {
      response.redirect(goto);
      return;
    }
    sendMessagePage(response, 200, {
      deployment,
      title: 'You are signed out',
      text: 'The next sign-in asks who signs in.',
    });
  });

  return router;
}

/** The raw query: `request.query` would hide duplicate parameters. */
function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : (url.slice(start + 1).split('#')[0] ?? '');
}

/** Prevents redirects to other hosts. */
function isLoopback(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && url.protocol === 'http:' && ['localhost', '127.0.0.1'].includes(url.hostname);
}
