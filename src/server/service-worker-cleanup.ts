import type { Logger } from 'pino';
import { toSafeError } from '../text/safe-error.ts';
import type { Vault } from '../vault/context.ts';
import { ClearDataPermits } from '../web/service-worker-cleanup/clear-permits.ts';
import type { CleanupServer } from '../web/service-worker-cleanup/server-app.ts';
import { type Listening, listenOnFreePort } from './listening/listen.ts';
import { onFirstRequest } from './requests/on-first-request.ts';

/** The origin of the cleanup server on a port. */
export function cleanupOrigin(port: number): string {
  return `http://localhost:${port}`;
}

/** Starts the service worker cleanup server on a free port. Null if it cannot listen; the web app works without it. */
export async function startCleanupServer(
  vault: Vault,
  log: Logger,
  options: { demonstration?: boolean } = {},
): Promise<(CleanupServer & Listening & { port: number }) | null> {
  const permits = new ClearDataPermits(vault.now);
  try {
    const listening = await listenOnFreePort((port) => {
      const pages = onFirstRequest(async () => {
        const { createCleanupApp } = await import('../web/service-worker-cleanup/server-app.ts');
        return createCleanupApp({ vault, log, permits, origin: cleanupOrigin(port), ...options });
      }, log);
      return pages.listener;
    });
    return { ...listening, permits, origin: cleanupOrigin(listening.port) };
  } catch (error) {
    log.warn(
      toSafeError(error),
      'the cleanup server cannot listen: foreign service workers are detected, but not removed',
    );
    return null;
  }
}
