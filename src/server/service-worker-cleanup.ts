import type { Logger } from 'pino';
import { toSafeError } from '../text/safe-error.ts';
import type { Vault } from '../vault/context.ts';
import { ClearDataPermits } from '../web/service-worker-cleanup/clear-permits.ts';
import { type CleanupServer, createCleanupApp } from '../web/service-worker-cleanup/server-app.ts';
import { type Listening, listenOnFreePort } from './listening/listen.ts';

/** The side door's origin on a port. */
export function cleanupOrigin(port: number): string {
  return `http://localhost:${port}`;
}

/** Serves the side door on a free port. Null where it cannot listen: everything else goes on without it. */
export async function startCleanupServer(
  vault: Vault,
  log: Logger,
  options: { demonstration?: boolean } = {},
): Promise<(CleanupServer & Listening & { port: number }) | null> {
  const permits = new ClearDataPermits(vault.now);
  try {
    const listening = await listenOnFreePort((port) =>
      createCleanupApp({ vault, log, permits, origin: cleanupOrigin(port), ...options }),
    );
    return { ...listening, permits, origin: cleanupOrigin(listening.port) };
  } catch (error) {
    log.warn(toSafeError(error), 'the side door cannot listen: service workers are found, but not removed');
    return null;
  }
}
