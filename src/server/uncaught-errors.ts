import type { Logger } from 'pino';

/** How often the same error is logged. Milliseconds. */
const everyMs = 60_000;

/**
 * Logs uncaught errors of timers and events instead of ending the process. The work is retried the next time it is due. Call this
 * once the server is listening, because an error before that has to end the start.
 */
export function logUncaughtErrors(log: Pick<Logger, 'error'>): void {
  const report = rateLimitedLog((error) =>
    log.error({ err: error }, 'unexpected error; the server continues'),
  );
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', report);
}

/** Logs the same error at most once a minute: some occur thousands of times. */
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
      // A failure of the log must not end the process.
    }
  };
}
