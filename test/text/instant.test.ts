import { describe, expect, it } from 'vitest';
import { formatInstants, instant } from '../../src/text/instant.ts';

describe('instant', () => {
  it('is RFC 3339 text in UTC, or null', () => {
    expect(instant(Date.UTC(2027, 10, 28, 9, 48, 24))).toBe('2027-11-28T09:48:24.000Z');
    expect(instant(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(instant(null)).toBeNull();
  });
});

describe('formatInstants', () => {
  it('replaces what instant wrote, and no example of a date', () => {
    const text = `It ended on ${instant(0)}, and again on ${instant(1)}. Write 2027-03-01T09:30:00Z.`;
    expect(formatInstants(text, (found) => `[${Date.parse(found)}]`)).toBe(
      'It ended on [0], and again on [1]. Write 2027-03-01T09:30:00Z.',
    );
  });
});
