import express, { type Express } from 'express';
import type { Logger } from 'pino';
import type { Vault } from '../vault/vault.ts';
import { serveAssets } from './assets.ts';
import { BackgroundChecks } from './background-checks.ts';
import type { WebContext } from './context.ts';
import { failures, notFound } from './failures.ts';
import { formBody, jsonBody } from './middleware/body.ts';
import { exactHost } from './middleware/exact-host.ts';
import { requestLog } from './middleware/request-log.ts';
import { requireEntered } from './middleware/require-entered.ts';
import { sameOrigin } from './middleware/same-origin.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { capturePage, captureToken } from './pages/auth-code.ts';
import {
  accept,
  capturedPage,
  captureProgress,
  discard,
  lastCapture,
  requireOwnCapture,
  tellOrganization,
} from './pages/captures.ts';
import { addClientPage, clientPage, clientsPage, removeClientPage, rotateSecret } from './pages/clients.ts';
import { enter } from './pages/enter.ts';
import { importForm, importPasted } from './pages/import.ts';
import { logPage } from './pages/log.ts';
import { overview } from './pages/overview.ts';
import { healthz, instance } from './pages/probes.ts';
import { profilePage, remove, removePage, rename, renew } from './pages/profile.ts';
import { beginNewSignIn, signInForm } from './pages/sign-in.ts';
import { signInLink } from './pages/sign-in-link.ts';
import { signInProgress, signInStatus } from './pages/sign-in-progress.ts';
import { test, testPage, testProgress } from './pages/test.ts';
import { revealToken } from './pages/token.ts';
import { Proofs } from './proofs.ts';
import { route } from './route.ts';
import { webSession } from './session.ts';
import { createRender } from './views.ts';

export interface WebAppOptions {
  vault: Vault;
  log: Logger;
  /** Marks every page as a demonstration. */
  demonstration?: boolean;
  /** Lets our own commands tell this server from another program on its port. base64url. */
  instanceSecret?: string;
}

export interface WebApp {
  app: Express;
  /** Resolves once no check of a captured token is under way. */
  idle(): Promise<void>;
}

/** The web app: for the person at this machine, and for Webex's redirect. It has to be served on loopback only. */
export function createWebApp({ vault, log, demonstration = false, instanceSecret }: WebAppOptions): WebApp {
  const checks = new BackgroundChecks(vault, log);
  const proofs = new Proofs(vault, log);
  const context: WebContext = { vault, log, checks, proofs, render: createRender({ demonstration }) };

  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.use(requestLog(log), securityHeaders(), exactHost(context), sameOrigin(context));

  // For everybody.
  route(app, '/healthz', { get: healthz });
  route(app, '/instance', { get: instance(instanceSecret) });
  serveAssets(app);
  app.get('/auth/code', capturePage(context));

  // For whoever holds a one-time link, and for the browser that it began a sign-in in.
  app.use(webSession(vault));
  route(app, '/auth/code', { get: capturePage(context), post: [...jsonBody, captureToken(context)] });
  route(app, '/enter/:secret', { get: enter(context) });
  route(app, '/sign-in/:link', { get: signInLink(context) });
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
  route(app, '/clients', { get: clientsPage(context), post: [...formBody, addClientPage(context)] });
  route(app, '/clients/:client', { get: clientPage(context) });
  route(app, '/clients/:client/secret', { post: [...formBody, rotateSecret(context)] });
  route(app, '/clients/:client/remove', { post: [...formBody, removeClientPage(context)] });
  route(app, '/log', { get: logPage(context) });

  app.use(notFound, failures(context));
  return { app, idle: async () => void (await Promise.all([checks.idle(), proofs.idle()])) };
}
