import { dayMs } from '../domain/lifetimes.ts';

/** A timer of more than 24.8 days fires at once, and a long one does not notice that the clock was set. Milliseconds. */
const longestMs = dayMs;

/** Waits for so long, but at most a day, or until the signal is aborted. Does not keep the process alive. */
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
