import type { Logger } from 'pino';
import { appOrigin } from '../config/settings.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { findRunningInstance, newInstance, writeInstanceFile } from '../instance/instance-file.ts';
import type { Vault } from '../vault/context.ts';
import { verifyPendingTokens } from '../vault/tokens/verify-pending.ts';
import type { WebApp } from '../web/app.ts';
import { createApiListener } from './api-listener.ts';
import { type Listening, listenOnLoopback, type ServerLimits } from './listening/listen.ts';
import { loopbackOrigins } from './listening/loopback-hosts.ts';
import { withInstanceProof } from './requests/instance-proof.ts';
import { onFirstRequest } from './requests/on-first-request.ts';
import { RequestTracker } from './requests/request-tracker.ts';
import { routeByPath } from './requests/route-by-path.ts';
import { startCleanupServer } from './service-worker-cleanup.ts';
import { rateLimitedLog } from './uncaught-errors.ts';

export interface RunningServer {
  port: number;
  /** The port of the service worker cleanup server; null if it could not listen. */
  cleanupPort: number | null;
  /** Loads the web app. Otherwise, the first page would have to wait for that. */
  prepare(): void;
  /** Resolves once the browser has loaded the page it was redirected to, after a few seconds at most. */
  waitUntilIdle(): Promise<void>;
  /** Stops listening and lets requests and checks in flight finish. */
  close(): Promise<void>;
}

/** A browser requests the next page, or a page's assets, within this time. Milliseconds. */
const quietMs = 1_000;
const quietTimeoutMs = 10_000;

/**
 * Serves the web app, the token API and the SCIM relay for this vault. Throws `E_RUNNING` if they are already served,
 * `E_PORT_TAKEN`, `E_LISTEN`.
 */
export async function startWebServer(
  vault: Vault,
  log: Logger,
  options: { demonstration?: boolean; limits?: ServerLimits } = {},
): Promise<RunningServer> {
  const { home, port } = vault.settings;
  await assertNotRunning(home);
  const cleanupServer = await startCleanupServer(vault, log, options);
  const instance = newInstance(port, cleanupServer?.port ?? null);
  const activity = new RequestTracker();
  let web: WebApp | null = null;
  const pages = onFirstRequest(async () => {
    const { createWebApp } = await import('../web/app.ts');
    web = createWebApp({ vault, log, cleanupServer, ...options });
    return web.app;
  }, log);
  const issuer = vault.settings.issuer ?? appOrigin(vault.settings);
  const origins = loopbackOrigins(port);
  const api = createApiListener({ vault, log, issuer, origins });
  let listening: Listening;
  try {
    listening = await listenOnLoopback(
      activity.watch(
        routeByPath(withInstanceProof(pages.listener, instance.secret, port), api.listener, port, issuer),
      ),
      port,
      options.limits,
      rateLimitedLog((error) => log.warn({ err: error }, 'a connection could not be accepted')),
    );
  } catch (error) {
    await Promise.all([api.close(), cleanupServer?.close()]);
    // Another process may have started it at the same time.
    await assertNotRunning(home);
    throw error;
  }
  const leave = writeInstanceFile(home, instance);
  void verifyPendingTokens(vault, log);
  const stop = async () => {
    leave();
    await Promise.all([listening.close(), cleanupServer?.close()]);
    await api.close();
    await web?.idle();
  };
  let stopped: Promise<void> | undefined;
  return {
    port,
    cleanupPort: instance.cleanupPort,
    prepare: pages.prepare,
    waitUntilIdle: () => activity.waitUntilIdle(quietMs, quietTimeoutMs),
    close: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

async function assertNotRunning(home: string): Promise<void> {
  const other = await findRunningInstance(home);
  if (other === null) return;
  throw new BrokerError(
    'E_RUNNING',
    `The web app is already running on http://localhost:${other.port} (process ${other.pid}).`,
    { help: { text: 'Open it', command: ['open'] } },
  );
}
