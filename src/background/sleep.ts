/** A timer of more than 24.8 days fires at once, and one that long misses every change of the clock. Milliseconds. */
const longestMs = 86_400_000;

/** Waits so long, or until the signal says that nothing is waited for any more. Keeps no process alive. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(milliseconds, 0), longestMs));
    timer.unref();
    signal.addEventListener('abort', done);
  });
}
