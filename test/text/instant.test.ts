import { describe, expect, it } from 'vitest';
import { instant } from '../../src/text/instant.ts';

describe('instant', () => {
  it('is RFC 3339 text in UTC, or null', () => {
    expect(instant(Date.UTC(2027, 10, 28, 9, 48, 24))).toBe('2027-11-28T09:48:24.000Z');
    expect(instant(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(instant(null)).toBeNull();
  });
});
