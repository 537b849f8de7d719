import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import { appOrigin } from '../../config/settings.ts';
import type { Vault } from '../../vault/context.ts';
import { isAccessLinkValid } from '../../vault/sign-in/access-links.ts';
import { pendingSignIn } from '../../vault/sign-in/start-sign-in.ts';
import { serveAssets } from '../assets.ts';
import { errorHandler, notFound } from '../errors/error-handler.ts';
import { refusePrefetch } from '../middleware/refuse-prefetch.ts';
import { requestLog } from '../middleware/request-log.ts';
import { requireSameUser } from '../middleware/same-user-links.ts';
import { securityHeaders } from '../middleware/security-headers.ts';
import { createRender, type Render } from '../render.ts';
import { hostOf } from '../request-host.ts';
import { route } from '../route.ts';
import type { ClearDataPermits } from './clear-permits.ts';

/** What the web app and the cleanup server share. */
export interface CleanupServer {
  /** For example `http://localhost:49152`. */
  origin: string;
  permits: ClearDataPermits;
}

export interface CleanupAppOptions extends CleanupServer {
  vault: Vault;
  log: Logger;
  demonstration?: boolean;
}

/**
 * A second server on another localhost port. Another app may have left a service worker at the web app's origin, but that
 * worker cannot intercept requests to this port. For an unused one-time link of the web app, the page of this server checks
 * for such a worker, removes it if the person consents, and then opens the link.
 */
export function createCleanupApp(options: CleanupAppOptions): Express {
  const { vault, log, origin, demonstration = false } = options;
  const main = appOrigin(vault.settings);
  const render = createRender({ demonstration });
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.use(
    requestLog(log),
    securityHeaders({ connectSrc: [main], frameSrc: [main] }),
    onlyHost(new URL(origin).host),
  );
  serveAssets(app);
  requireSameUser(app, 'link');
  for (const kind of ['access', 'sign-in'] as const) {
    const path = `/${kind}/:link`;
    route(app, path, { get: page(options, render, main, kind) });
    route(app, `${path}/remove`, { post: [page(options, render, main, kind)] });
  }
  app.use(notFound, errorHandler({ log, render }));
  return app;
}

/** Checks for a worker. A POST is the person's consent to remove it. */
function page(
  { vault, permits }: CleanupAppOptions,
  render: Render,
  main: string,
  kind: 'access' | 'sign-in',
): RequestHandler<{ link: string }> {
  const isUnused = async (link: string) =>
    kind === 'access'
      ? await isAccessLinkValid(vault, link)
      : await pendingSignIn(vault, link).then(
          () => true,
          () => false,
        );
  return async (request, response) => {
    refusePrefetch(request);
    response.set('Referrer-Policy', 'no-referrer');
    const link = `/${kind}/${encodeURIComponent(request.params.link)}`;
    if (!(await isUnused(request.params.link))) {
      // The web app explains that the link is used, or opens if this browser used it.
      response.redirect(303, `${main}${link}`);
      return;
    }
    const clearUrl = request.method === 'POST' ? `${main}/clear-site-data/${permits.grant()}` : null;
    const title = clearUrl === null ? 'One moment' : 'Removing the service worker';
    render(
      request,
      response,
      'service-worker',
      { main, link, clearUrl },
      { title, script: 'service-worker-cleanup' },
    );
  };
}

function onlyHost(host: string): RequestHandler {
  return (request, response, next) => {
    if (hostOf(request) === host) next();
    else response.status(421).type('text').send('Another address.\n');
  };
}
