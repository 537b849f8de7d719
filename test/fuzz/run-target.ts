import fc from 'fast-check';
import { longestMs, type Target } from './target.ts';

export interface FuzzLimits {
  /** Where none is given, it is another one each time. */
  seed?: number;
  runs: number;
  /** Milliseconds. Without a limit, where none is given. */
  timeMs?: number;
}

export interface FuzzResult {
  seed: number;
  runs: number;
  /** The longest that one input took. Milliseconds. */
  slowestMs: number;
  /** Null if all held. The smallest input that was found, and what went wrong with it. */
  failure: { input: string; error: string } | null;
}

/** Asks a target with one input after another, until there were enough, the time is over, or one fails. */
export async function runTarget(
  open: () => Promise<Target<never>> | Target<never>,
  { seed = Date.now() % 2 ** 31, runs, timeMs = Number.POSITIVE_INFINITY }: FuzzLimits,
): Promise<FuzzResult> {
  const target = await open();
  let slowestMs = 0;
  let count = 0;
  try {
    const property = fc.asyncProperty(target.inputs, async (input) => {
      const began = performance.now();
      await target.check(input);
      const took = performance.now() - began;
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
