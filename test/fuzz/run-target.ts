import fc from 'fast-check';
import { longestMs, type Target } from './target.ts';

export interface FuzzLimits {
  /** Default: a different one each time. */
  seed?: number;
  runs: number;
  /** Milliseconds. Default: no limit. */
  timeMs?: number;
}

export interface FuzzResult {
  seed: number;
  runs: number;
  /** The processor time of the slowest input. Milliseconds. */
  slowestMs: number;
  /** The smallest failing input that was found, and its error; null if none failed. */
  failure: { input: string; error: string } | null;
}

/** Passes one input after another to a target, until there were enough, the time is over, or one fails. */
export async function runTarget(
  open: () => Promise<Target<never>> | Target<never>,
  { seed = Date.now() % 2 ** 31, runs, timeMs = Number.POSITIVE_INFINITY }: FuzzLimits,
): Promise<FuzzResult> {
  const target = await open();
  let slowestMs = 0;
  let count = 0;
  try {
    const property = fc.asyncProperty(target.inputs, async (input) => {
      const { user } = process.threadCpuUsage();
      await target.check(input);
      const took = (process.threadCpuUsage().user - user) / 1000;
      count += 1;
      slowestMs = Math.max(slowestMs, took);
      if (took > longestMs) throw new Error(`it took ${Math.round(took)} ms`);
    });
    const details = await fc.check(property, { seed, numRuns: runs, interruptAfterTimeLimit: timeMs });
    const failure = details.failed && details.counterexample !== null;
    return {
      seed,
      runs: count,
      slowestMs: Math.round(slowestMs),
      failure: failure
        ? { input: fc.stringify(details.counterexample), error: String(details.errorInstance) }
        : null,
    };
  } finally {
    await target.close?.();
  }
}
