/**
 * How long to wait before the next attempt after so many failed ones: five minutes, then twice as long each time, up to
 * `longestMs`. Milliseconds.
 */
export function retryDelayMs(failedAttempts: number, longestMs: number): number {
  return Math.min(5 * 60_000 * 2 ** (failedAttempts - 1), longestMs);
}
