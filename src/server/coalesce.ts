/**
 * Shares one call of `work` among all callers, and its result for `milliseconds` after that. A failure is passed to the
 * callers that wait for it; the next call tries again.
 */
export function coalesce<T>(work: () => Promise<T>, milliseconds: number): () => Promise<T> {
  let latest: Promise<T> | null = null;
  let until = 0;
  return () => {
    if (latest !== null && performance.now() < until) return latest;
    const current = work();
    latest = current;
    until = Number.POSITIVE_INFINITY;
    const ended = (forMs: number) => {
      until = performance.now() + forMs;
    };
    current.then(
      () => ended(milliseconds),
      () => ended(0),
    );
    return current;
  };
}
