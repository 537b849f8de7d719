/**
 * The same result for everybody who asks within `milliseconds`, so that the work is done once, however many ask. A
 * failure is told to those who wait for it, and then the work is tried again.
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
