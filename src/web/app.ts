import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express } from 'express';
import type { Logger } from 'pino';
import { liveness } from '../api/endpoints/health.ts';
import { apiPaths } from '../api/paths.ts';
import { appOrigin } from '../config/settings.ts';
import { providerIds } from '../domain/providers.ts';
import { outboundFetch } from '../http/fetch.ts';
import type { Vault } from '../vault/context.ts';
import { savedChannelNames } from '../vault/reminders/channel-settings.ts';
import { serveAssets } from './assets.ts';
import type { WebContext } from './context.ts';
import { errorHandler, notFound } from './errors/error-handler.ts';
import { CsvImports } from './jobs/csv-imports.ts';
import { type PushJobOptions, PushJobs } from './jobs/push-jobs.ts';
import { createTokenTestJobs } from './jobs/token-test-jobs.ts';
import { createVerificationJobs } from './jobs/verification-jobs.ts';
import { fileBody, formBody, jsonBody, selectionBody } from './middleware/body.ts';
import { checkHost } from './middleware/host-check.ts';
import { requestLog } from './middleware/request-log.ts';
import { requireAuthenticated } from './middleware/require-authenticated.ts';
import { sameOrigin } from './middleware/same-origin.ts';
import { requireSameUser } from './middleware/same-user-links.ts';
import { contentSecurityPolicy, securityHeaders } from './middleware/security-headers.ts';
import { openAccessLink } from './pages/access-link.ts';
import { auditLogPage } from './pages/audit-log.ts';
import { capturePage, captureToken } from './pages/callback.ts';
import {
  approve,
  capturedTokenPage,
  changeOrganizationPage,
  discard,
  lastCapturedToken,
  requireOwnCapturedToken,
  reverify,
  saveOrganization,
  verificationProgress,
} from './pages/captured-token.ts';
import { addClientPage, clientPage, clientsPage, removeClientPage, rotateSecret } from './pages/clients.ts';
import { csvImportForm, csvImportPreview, importCsv, uploadCsv } from './pages/csv-import.ts';
import { errorReferencePage } from './pages/error-reference.ts';
import { importAddress, importForm, importPasted } from './pages/import.ts';
import { organizationsCsv } from './pages/organizations-csv.ts';
import { overview } from './pages/overview.ts';
import {
  profilePage,
  remove,
  removePage,
  rename,
  renew,
  saveDisplayName,
  saveTagsAndContact,
} from './pages/profile.ts';
import {
  checkStatus,
  deleteDestination,
  markStep,
  markUpdated,
  offer,
  providerPage,
  push,
} from './pages/provider.ts';
import { cancelPushJob, pushJobPage, pushJobProgress, startPushJob } from './pages/push-job.ts';
import { removeSaved, saveDesktop, saveMail, saveWebhook, testChannel } from './pages/reminder-channels.ts';
import {
  calendarFile,
  feed,
  newFeed,
  remindersPage,
  removeFeed,
  renderReminders,
} from './pages/reminders.ts';
import { finishRenewals, renewalsPage, skipRenewal, startRenewals } from './pages/renewals.ts';
import { revealToken } from './pages/reveal-token.ts';
import { selection } from './pages/selection.ts';
import { clearSiteData, probePage } from './pages/service-worker-probe.ts';
import { signInForm, startNewSignIn } from './pages/sign-in.ts';
import { signInLink, startSignInFromLink } from './pages/sign-in-link.ts';
import { signInProgress, signInStatus } from './pages/sign-in-progress.ts';
import { activate, confirmPage, removeOne } from './pages/stored-tokens.ts';
import { test, testPage, testProgress } from './pages/test.ts';
import { testsPage, testsProgress } from './pages/tests.ts';
import { createRender } from './render.ts';
import { route } from './route.ts';
import type { CleanupServer } from './service-worker-cleanup/server-app.ts';
import { webSession } from './session/session.ts';

export interface WebAppOptions {
  vault: Vault;
  log: Logger;
  /** Marks every page as a demonstration. */
  demonstration?: boolean;
  /** The second server, which detects service workers of other projects; null if it could not listen. */
  cleanupServer?: CleanupServer | null;
  /** How long a page waits for Webex before it shows that the work is still running. Milliseconds. */
  waitMs?: number;
  /** How the push jobs call the providers. */
  pushJobOptions?: PushJobOptions;
}

const defaultPushJobOptions: PushJobOptions = {
  fetch: outboundFetch,
  sleep: (milliseconds) => sleep(milliseconds),
};

export interface WebApp {
  app: Express;
  /** Stops waiting for people to sign in. Resolves once all work that pages started has ended. */
  idle(): Promise<void>;
}

/** The web app: for the person at this computer, and for Webex's redirect. Serve it on loopback addresses only. */
export function createWebApp(options: WebAppOptions): WebApp {
  const {
    vault,
    log,
    demonstration = false,
    cleanupServer = null,
    waitMs = 4_000,
    pushJobOptions = defaultPushJobOptions,
  } = options;
  const verifications = createVerificationJobs(log);
  const tokenTests = createTokenTestJobs(log);
  const csvImports = new CsvImports(vault);
  const pushJobs = new PushJobs(vault, log, pushJobOptions);
  const render = createRender({ demonstration });
  const context: WebContext = {
    vault,
    log,
    verifications,
    tokenTests,
    pushJobs,
    csvImports,
    render,
    waitMs,
    cleanupServer,
  };

  const { port } = vault.settings;
  const origin = appOrigin(vault.settings);
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.use(requestLog(log), securityHeaders(), checkHost({ origin, port, render }));
  if (cleanupServer !== null) {
    app.get(
      '/service-worker/:nonce',
      contentSecurityPolicy({ frameAncestors: [cleanupServer.origin] }),
      probePage(cleanupServer),
    );
    app.post('/clear-site-data/:permit', clearSiteData(cleanupServer));
  }
  app.use(sameOrigin({ origin, render }));

  // Without a session.
  route(app, apiPaths.liveness, { get: liveness });
  serveAssets(app);
  route(app, '/errors/:code', { get: errorReferencePage(context) });
  // A database that was rolled back or modified outside the program is no longer served.
  app.use((_request, _response, next) => next(vault.rollbackDetector.problem ?? undefined));
  route(app, '/calendar/:secret.ics', { get: feed(context) });
  app.get('/auth/code', capturePage(context));

  // For requests with a one-time link, or from the browser where the sign-in started.
  app.use(webSession(vault));
  for (const parameter of ['secret', 'link'] as const) requireSameUser(app, parameter);
  route(app, '/auth/code', { get: capturePage(context), post: [...jsonBody, captureToken(context)] });
  route(app, '/access/:secret', { get: openAccessLink(context) });
  if (cleanupServer !== null) {
    app.get('/sign-in/:link', contentSecurityPolicy({ formAction: ["'self'", cleanupServer.origin] }));
  }
  route(app, '/sign-in/:link', { get: signInLink(context) });
  route(app, '/sign-in/:link/begin', { get: startSignInFromLink(context) });
  route(app, '/tokens/last', { get: lastCapturedToken });
  app.use('/tokens/:tokenId', requireOwnCapturedToken);
  route(app, '/tokens/:tokenId', { get: capturedTokenPage(context) });
  route(app, '/tokens/:tokenId/progress', { get: verificationProgress(context) });

  // For authenticated sessions.
  app.use(requireAuthenticated);
  route(app, '/', { get: overview(context) });
  route(app, '/selection', { post: [...selectionBody, selection(context)] });
  route(app, '/tests', { get: testsPage(context) });
  route(app, '/tests/progress', { get: testsProgress(context) });
  route(app, '/organizations.csv', { get: organizationsCsv(context) });
  route(app, '/sign-in', { get: signInForm(context), post: [...formBody, startNewSignIn(context)] });
  route(app, '/sign-ins/:id', { get: signInStatus(context) });
  route(app, '/sign-ins/:id/progress', { get: signInProgress(context) });
  route(app, '/import', { get: importForm(context), post: [...formBody, importPasted(context)] });
  route(app, '/import/csv', { get: csvImportForm(context), post: [...fileBody, uploadCsv(context)] });
  route(app, '/import/csv/preview', {
    get: csvImportPreview(context),
    post: [...formBody, importCsv(context)],
  });
  route(app, '/import/address', { post: [...formBody, importAddress(context)] });
  route(app, '/tokens/:tokenId/verify', { post: [...formBody, reverify(context)] });
  route(app, '/tokens/:tokenId/approve', { post: [...formBody, approve(context)] });
  route(app, '/tokens/:tokenId/change-organization', {
    post: [...formBody, changeOrganizationPage(context)],
  });
  route(app, '/tokens/:tokenId/discard', { post: [...formBody, discard(context)] });
  route(app, '/tokens/:tokenId/organization', { post: [...formBody, saveOrganization(context)] });
  route(app, '/profiles/:name', { get: profilePage(context) });
  route(app, '/profiles/:name/sign-in', { post: [...formBody, renew(context)] });
  route(app, '/profiles/:name/display-name', { post: [...formBody, saveDisplayName(context)] });
  route(app, '/profiles/:name/rename', { post: [...formBody, rename(context)] });
  route(app, '/profiles/:name/tags-and-contact', { post: [...formBody, saveTagsAndContact(context)] });
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
  for (const provider of providerIds) {
    const path = `/profiles/:name/${provider}`;
    route(app, path, { get: providerPage(context, provider) });
    route(app, `${path}/push`, { post: [...formBody, push(context, provider)] });
    route(app, `${path}/offer`, { post: [...formBody, offer(context, provider)] });
    route(app, `${path}/steps`, { post: [...formBody, markStep(context, provider)] });
    route(app, `${path}/updated`, { post: [...formBody, markUpdated(context, provider)] });
    route(app, `${path}/remove`, { post: [...formBody, deleteDestination(context, provider)] });
  }
  route(app, '/profiles/:name/entra/status', { post: [...formBody, checkStatus(context)] });
  route(app, '/profiles/:name/push-jobs', { post: [...formBody, startPushJob(context)] });
  route(app, '/push-jobs/:id', { get: pushJobPage(context) });
  route(app, '/push-jobs/:id/progress', { get: pushJobProgress(context) });
  route(app, '/push-jobs/:id/stop', { post: [...formBody, cancelPushJob(context)] });
  route(app, '/profiles/:name/calendar.ics', { get: calendarFile(context) });
  route(app, '/calendar.ics', { get: calendarFile(context) });
  route(app, '/reminders', { get: remindersPage(context) });
  const forReminders = renderReminders(context);
  route(app, '/reminders/mail', { post: [...formBody, saveMail(context, forReminders)] });
  route(app, '/reminders/webhook', { post: [...formBody, saveWebhook(context, forReminders)] });
  route(app, '/reminders/desktop', { post: [...formBody, saveDesktop(context)] });
  for (const channel of savedChannelNames) {
    route(app, `/reminders/${channel}/test`, {
      post: [...formBody, testChannel(context, channel, forReminders)],
    });
    route(app, `/reminders/${channel}/remove`, { post: [...formBody, removeSaved(context, channel)] });
  }
  route(app, '/reminders/feed', { post: [...formBody, newFeed(context)] });
  route(app, '/reminders/feed/remove', { post: [...formBody, removeFeed(context)] });
  route(app, '/clients', { get: clientsPage(context), post: [...formBody, addClientPage(context)] });
  route(app, '/clients/:client', { get: clientPage(context) });
  route(app, '/clients/:client/secret', { post: [...formBody, rotateSecret(context)] });
  route(app, '/clients/:client/remove', { post: [...formBody, removeClientPage(context)] });
  route(app, '/renewals', { get: renewalsPage(context), post: [...formBody, startRenewals(context)] });
  route(app, '/renewals/skip', { post: [...formBody, skipRenewal(context)] });
  route(app, '/renewals/end', { post: [...formBody, finishRenewals(context)] });
  route(app, '/audit-log', { get: auditLogPage(context) });

  app.use(notFound, errorHandler(context));
  return {
    app,
    idle: async () => void (await Promise.all([verifications.idle(), tokenTests.idle(), pushJobs.close()])),
  };
}
