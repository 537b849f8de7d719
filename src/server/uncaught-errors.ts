import type { Logger } from 'pino';

/** How often the same failure is written to the log. Milliseconds. */
const everyMs = 60_000;

/**
 * Keeps a running server from ending with a failure in a timer or an event that nothing catches: it is logged, and what
 * was to be done there is tried again the next time. To be called once it serves; a failure before that ends the start.
 */
export function logUncaughtErrors(log: Pick<Logger, 'error'>): void {
  const report = rateLimitedLog((error) =>
    log.error({ err: error }, 'an unexpected failure: the server goes on'),
  );
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', report);
}

/** Passes a failure on to the log; the same one not more often than once a minute, for some come thousands of times. */
export function rateLimitedLog(write: (error: Error) => void): (error: Error) => void {
  const last = new Map<string, number>();
  return (error) => {
    const reason = String(error);
    const now = performance.now();
    if (now - (last.get(reason) ?? Number.NEGATIVE_INFINITY) < everyMs) return;
    if (last.size > 100) last.clear();
    last.set(reason, now);
    try {
      write(error);
    } catch {
      // Without a log there is nobody to tell, and that is no reason to end.
    }
  };
}
