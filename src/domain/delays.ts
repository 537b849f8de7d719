/**
 * The delay before the next attempt after `failedAttempts` failures: five minutes, doubled each time, up to `longestMs`.
 * Milliseconds.
 */
export function retryDelayMs(failedAttempts: number, longestMs: number): number {
  return Math.min(5 * 60_000 * 2 ** (failedAttempts - 1), longestMs);
}

/**
 * A duration of 0.9 to 1.1 times the given one, in whole milliseconds, so that jobs that start together spread out.
 * `random` returns numbers from 0 to 1.
 */
export function withJitter(milliseconds: number, random: () => number): number {
  return Math.round(milliseconds * (0.9 + 0.2 * random()));
}
