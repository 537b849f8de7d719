import { describe, expect, it } from 'vitest';
import { formatCount } from '../../src/text/count.ts';

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [12_345, '12,345'],
    [123_456, '123,456'],
    [1_234_567, '1,234,567'],
    [-1234, '-1,234'],
  ])('separates the thousands of %d', (count, expected) => {
    expect(formatCount(count)).toBe(expected);
    expect(formatCount(count)).toBe(count.toLocaleString('en'));
  });
});
