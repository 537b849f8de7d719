import { describe, expect, it } from 'vitest';
import { retryDelayMs, withJitter } from '../../src/domain/delays.ts';

describe('retryDelayMs', () => {
  it('starts at five minutes, doubles, and has a limit', () => {
    const hour = 3_600_000;
    const minutes = [1, 2, 3, 4, 5, 6, 2000].map((failed) => retryDelayMs(failed, hour) / 60_000);
    expect(minutes).toEqual([5, 10, 20, 40, 60, 60, 60]);
  });
});

describe('withJitter', () => {
  it('is 0.9 to 1.1 times the duration, in whole milliseconds', () => {
    expect([0, 0.5, 1].map((random) => withJitter(1001, () => random))).toEqual([901, 1001, 1101]);
  });
});
