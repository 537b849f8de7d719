import { describe, expect, it, onTestFinished } from 'vitest';
import { waitForShutdown } from '../../src/cli/terminal/shutdown.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How many more listeners a signal has once it has ended the wait. Afterwards, none that this added is left. */
async function listenersAfter(signal: (typeof signals)[number]): Promise<number> {
  const before = new Map(signals.map((each) => [each, process.rawListeners(each)]));
  onTestFinished(() => {
    for (const each of signals)
      for (const listener of process.rawListeners(each))
        if (!before.get(each)?.includes(listener)) process.removeListener(each, listener as () => void);
  });
  const stopped = waitForShutdown();
  process.emit(signal);
  await stopped;
  return process.listenerCount(signal) - (before.get(signal)?.length ?? 0);
}

describe('waitForShutdown', () => {
  it('lets a second Ctrl-C end the process at once', async () => {
    expect(await listenersAfter('SIGINT')).toBe(0);
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('does not let a second %s end it', async (signal) => {
    expect(await listenersAfter(signal)).toBe(1);
  });
});
