import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatCount, plural } from '../../src/text/count.ts';

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

const root = join(import.meta.dirname, '../..');

/** A number that can be 1, before a noun in the plural. */
const counted =
  /(?:\$\{([^}]*)\}|<%= ([^%]*) %>) (?:days|seconds|minutes|profiles|tokens|entries|rows|organizations|cells|columns)\b/g;

/** Names of constants above 1, and numbers that are checked to be. */
const neverOne = /max|timeout|pause|daysUntilDisabled|expiringWithinDays|difference/i;

describe('plural', () => {
  it.each([
    [0, 'day', '0 days'],
    [1, 'day', '1 day'],
    [2345, 'day', '2,345 days'],
  ])('writes %d with the noun %s', (count, noun, expected) => {
    expect(plural(count, noun)).toBe(expected);
  });

  it('takes another plural', () => {
    expect(plural(1, 'entry', 'entries')).toBe('1 entry');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });

  it('is used wherever a text counts something', () => {
    const files = globSync(['src/**/*.ts', 'views/**/*.ejs'], { cwd: root });
    const wrong = files.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => !line.includes('=== 1 ?'))
        .flatMap((line) => [...line.matchAll(counted)])
        .filter(([, inCode = '', inView = '']) => !neverOne.test(inCode + inView))
        .map(([text]) => `${file}: ${text}`),
    );
    expect(files.length).toBeGreaterThan(400);
    expect(wrong).toEqual([]);
  });
});
