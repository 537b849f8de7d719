import type { Logger } from 'pino';
import { createApi } from '../api/app.ts';
import { appOrigin } from '../config/settings.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { findRunningInstance, newInstance, writeInstanceFile } from '../instance/instance-file.ts';
import type { Vault } from '../vault/context.ts';
import { verifyPendingTokens } from '../vault/tokens/verify-pending.ts';
import { createWebApp } from '../web/app.ts';
import { healthProbes } from './health-probes.ts';
import { type Listening, listenOnLoopback, type ServerLimits } from './listening/listen.ts';
import { loopbackOrigins } from './listening/loopback-hosts.ts';
import { RequestTracker } from './requests/request-tracker.ts';
import { routeByPath } from './requests/route-by-path.ts';
import { startCleanupServer } from './service-worker-cleanup.ts';
import { rateLimitedLog } from './uncaught-errors.ts';

export interface RunningServer {
  port: number;
  /** Of the side door; null where it could not listen. */
  cleanupPort: number | null;
  /** Resolves once the browser has fetched the page that it was on its way to, some seconds at most. */
  waitUntilIdle(): Promise<void>;
  /** Stops listening, lets requests and checks under way finish. */
  close(): Promise<void>;
}

/** A browser asks for the next page, or for what belongs to one, within this. Milliseconds. */
const quietMs = 1_000;
const quietTimeoutMs = 10_000;

/** Serves the web app for this vault, and the token API with it. Throws `E_RUNNING` where it is served already, `E_PORT_TAKEN`, `E_LISTEN`. */
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
  const { app, idle } = createWebApp({
    vault,
    log,
    instanceSecret: instance.secret,
    cleanupServer,
    ...options,
  });
  const issuer = vault.settings.issuer ?? appOrigin(vault.settings);
  const origins = loopbackOrigins(port);
  const api = createApi({ vault, log, issuer, origins, probes: healthProbes(vault) });
  let listening: Listening;
  try {
    listening = await listenOnLoopback(
      activity.watch(routeByPath(app, api.app, port, issuer)),
      port,
      options.limits,
      rateLimitedLog((error) => log.warn({ err: error }, 'a connection could not be taken')),
    );
  } catch (error) {
    await Promise.all([api.close(), cleanupServer?.close()]);
    // It may have been started by somebody else in the same moment.
    await assertNotRunning(home);
    throw error;
  }
  const leave = writeInstanceFile(home, instance);
  void verifyPendingTokens(vault, log);
  const stop = async () => {
    leave();
    await Promise.all([listening.close(), cleanupServer?.close()]);
    await api.close();
    await idle();
  };
  let stopped: Promise<void> | undefined;
  return {
    port,
    cleanupPort: instance.cleanupPort,
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
    `The web app runs already, on http://localhost:${other.port} (process ${other.pid}).`,
    { help: 'Open it with: webex-token open' },
  );
}
