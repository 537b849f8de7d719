import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { outboundFetch } from '../http/fetch.ts';
import type { Vault } from '../vault/vault.ts';
import { serveAssets } from './assets.ts';
import { BackgroundChecks } from './background-checks.ts';
import type { WebContext } from './context.ts';
import { failures, notFound } from './failures.ts';
import { HandOvers, type HandOverWorld } from './hand-overs.ts';
import { formBody, jsonBody } from './middleware/body.ts';
import { exactHost } from './middleware/exact-host.ts';
import { ownLinksForOwnUser } from './middleware/own-user.ts';
import { requestLog } from './middleware/request-log.ts';
import { requireEntered } from './middleware/require-entered.ts';
import { sameOrigin } from './middleware/same-origin.ts';
import { contentSecurityPolicy, securityHeaders } from './middleware/security-headers.ts';
import { capturePage, captureToken } from './pages/auth-code.ts';
import {
  accept,
  capturedPage,
  captureProgress,
  checkOnceMore,
  discard,
  lastCapture,
  requireOwnCapture,
  tellOrganization,
} from './pages/captures.ts';
import { addClientPage, clientPage, clientsPage, removeClientPage, rotateSecret } from './pages/clients.ts';
import { enter } from './pages/enter.ts';
import { handOverAgain, handOverPage, handOverProgress, stopHandOver } from './pages/hand-over.ts';
import { importForm, importPasted } from './pages/import.ts';
import { clear, leftOvers } from './pages/left-overs.ts';
import { logPage } from './pages/log.ts';
import { overview } from './pages/overview.ts';
import { healthz, instance } from './pages/probes.ts';
import { profilePage, remove, removePage, rename, renew } from './pages/profile.ts';
import { calendarFile, feed, newFeed, remindersPage, removeFeed } from './pages/reminders.ts';
import { begin, end, roundPage, skip } from './pages/round.ts';
import { beginNewSignIn, signInForm } from './pages/sign-in.ts';
import { beginSignInByLink, signInLink } from './pages/sign-in-link.ts';
import { signInProgress, signInStatus } from './pages/sign-in-progress.ts';
import { activate, confirmPage, removeOne } from './pages/stored-tokens.ts';
import { test, testPage, testProgress } from './pages/test.ts';
import { revealToken } from './pages/token.ts';
import { doneByHand, forget, look, push, toolPage } from './pages/tool.ts';
import { Proofs } from './proofs.ts';
import { route } from './route.ts';
import { webSession } from './session.ts';
import type { SideDoor } from './side-door/side-door.ts';
import { createRender } from './views.ts';

export interface WebAppOptions {
  vault: Vault;
  log: Logger;
  /** Marks every page as a demonstration. */
  demonstration?: boolean;
  /** Lets our own commands tell this server from another program on its port. base64url. */
  instanceSecret?: string;
  /** The listener beside this one that looks for other projects' service workers, where there is one. */
  sideDoor?: SideDoor | null;
  /** What reaches the provisioning tools. */
  world?: HandOverWorld;
}

const thisWorld: HandOverWorld = {
  fetch: outboundFetch,
  sleep: (milliseconds) => sleep(milliseconds),
};

export interface WebApp {
  app: Express;
  /** Resolves once nothing is under way that pages have begun; a person who was to sign in is waited for no more. */
  idle(): Promise<void>;
}

/** The web app: for the person at this machine, and for Webex's redirect. It has to be served on loopback only. */
export function createWebApp(options: WebAppOptions): WebApp {
  const { vault, log, demonstration = false, instanceSecret, sideDoor = null, world = thisWorld } = options;
  const checks = new BackgroundChecks(vault, log);
  const proofs = new Proofs(vault, log);
  const handOvers = new HandOvers(vault, log, world);
  const render = createRender({ demonstration });
  const context: WebContext = { vault, log, checks, proofs, handOvers, render, sideDoor };

  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.use(requestLog(log), securityHeaders(), exactHost(context));
  if (sideDoor !== null) {
    app.get(
      '/left-overs/:nonce',
      contentSecurityPolicy({ frameAncestors: [sideDoor.origin] }),
      leftOvers(sideDoor),
    );
    app.post('/clear/:permission', clear(sideDoor));
  }
  app.use(sameOrigin(context));

  // For everybody.
  route(app, '/healthz', { get: healthz });
  route(app, '/instance', { get: instance(instanceSecret) });
  serveAssets(app);
  // A store that was rolled back or changed from outside is not served from any more.
  app.use((_request, _response, next) => next(vault.witness.problem ?? undefined));
  route(app, '/calendar/:secret.ics', { get: feed(context) });
  app.get('/auth/code', capturePage(context));

  // For whoever holds a one-time link, and for the browser that it began a sign-in in.
  app.use(webSession(vault));
  for (const parameter of ['secret', 'link'] as const) ownLinksForOwnUser(app, parameter);
  route(app, '/auth/code', { get: capturePage(context), post: [...jsonBody, captureToken(context)] });
  route(app, '/enter/:secret', { get: enter(context) });
  if (sideDoor !== null) {
    app.get('/sign-in/:link', contentSecurityPolicy({ formAction: ["'self'", sideDoor.origin] }));
  }
  route(app, '/sign-in/:link', { get: signInLink(context) });
  route(app, '/sign-in/:link/begin', { get: beginSignInByLink(context) });
  route(app, '/captures/last', { get: lastCapture });
  app.use('/captures/:tokenId', requireOwnCapture);
  route(app, '/captures/:tokenId', { get: capturedPage(context) });
  route(app, '/captures/:tokenId/progress', { get: captureProgress(context) });

  // For the person at this machine.
  app.use(requireEntered);
  route(app, '/', { get: overview(context) });
  route(app, '/sign-in', { get: signInForm(context), post: [...formBody, beginNewSignIn(context)] });
  route(app, '/sign-ins/:id', { get: signInStatus(context) });
  route(app, '/sign-ins/:id/progress', { get: signInProgress(context) });
  route(app, '/import', { get: importForm(context), post: [...formBody, importPasted(context)] });
  route(app, '/captures/:tokenId/check', { post: [...formBody, checkOnceMore(context)] });
  route(app, '/captures/:tokenId/accept', { post: [...formBody, accept(context)] });
  route(app, '/captures/:tokenId/discard', { post: [...formBody, discard(context)] });
  route(app, '/captures/:tokenId/organization', { post: [...formBody, tellOrganization(context)] });
  route(app, '/profiles/:name', { get: profilePage(context) });
  route(app, '/profiles/:name/sign-in', { post: [...formBody, renew(context)] });
  route(app, '/profiles/:name/rename', { post: [...formBody, rename(context)] });
  route(app, '/profiles/:name/token', { post: [...formBody, revealToken(context)] });
  route(app, '/profiles/:name/test', { get: testPage(context), post: [...formBody, test(context)] });
  route(app, '/profiles/:name/test/progress', { get: testProgress(context) });
  route(app, '/profiles/:name/remove', { get: removePage(context), post: [...formBody, remove(context)] });
  const oneToken = '/profiles/:name/tokens/:tokenId';
  route(app, `${oneToken}/activate`, {
    get: confirmPage(context, 'activate'),
    post: [...formBody, activate(context)],
  });
  route(app, `${oneToken}/remove`, {
    get: confirmPage(context, 'remove'),
    post: [...formBody, removeOne(context)],
  });
  for (const tool of ['entra', 'okta'] as const) {
    const path = `/profiles/:name/${tool}`;
    route(app, path, { get: toolPage(context, tool) });
    route(app, `${path}/push`, { post: [...formBody, push(context, tool)] });
    route(app, `${path}/done`, { post: [...formBody, doneByHand(context, tool)] });
    route(app, `${path}/forget`, { post: [...formBody, forget(context, tool)] });
  }
  route(app, '/profiles/:name/entra/look', { post: [...formBody, look(context)] });
  route(app, '/profiles/:name/hand-over', { post: [...formBody, handOverAgain(context)] });
  route(app, '/hand-overs/:id', { get: handOverPage(context) });
  route(app, '/hand-overs/:id/progress', { get: handOverProgress(context) });
  route(app, '/hand-overs/:id/stop', { post: [...formBody, stopHandOver(context)] });
  route(app, '/profiles/:name/calendar.ics', { get: calendarFile(context) });
  route(app, '/calendar.ics', { get: calendarFile(context) });
  route(app, '/reminders', { get: remindersPage(context) });
  route(app, '/reminders/feed', { post: [...formBody, newFeed(context)] });
  route(app, '/reminders/feed/remove', { post: [...formBody, removeFeed(context)] });
  route(app, '/clients', { get: clientsPage(context), post: [...formBody, addClientPage(context)] });
  route(app, '/clients/:client', { get: clientPage(context) });
  route(app, '/clients/:client/secret', { post: [...formBody, rotateSecret(context)] });
  route(app, '/clients/:client/remove', { post: [...formBody, removeClientPage(context)] });
  route(app, '/round', { get: roundPage(context), post: [...formBody, begin(context)] });
  route(app, '/round/skip', { post: [...formBody, skip(context)] });
  route(app, '/round/end', { post: [...formBody, end(context)] });
  route(app, '/log', { get: logPage(context) });

  app.use(notFound, failures(context));
  return {
    app,
    idle: async () => void (await Promise.all([checks.idle(), proofs.idle(), handOvers.close()])),
  };
}
