import { describe, expect, it } from 'vitest';
import { readExpiresIn } from '../../src/webex/sign-in/expires-in.ts';

describe('readExpiresIn', () => {
  it.each([
    ['1', 1],
    ['3887999', 3_887_999],
    ['000000000000060', 60],
    // Ten years of 365 days.
    ['315360000', 315_360_000],
  ])('reads %s seconds without a warning', (value, seconds) => {
    expect(readExpiresIn(value)).toEqual({ seconds, warning: null });
  });

  it('warns if the value is missing', () => {
    expect(readExpiresIn(undefined)).toEqual({
      seconds: null,
      warning: 'Webex did not report when the token expires (no expires_in).',
    });
  });

  it.each([
    ['-1', 'a negative number'],
    ['-12.50', 'a negative number'],
    ['0', 'zero seconds'],
    ['00', 'zero seconds'],
    ['0.00', 'zero seconds'],
    ['315360001', 'more than ten years'],
    ['99999999999999999999', 'more than ten years'],
    ['59.75', 'not a whole number of seconds'],
    ['.25', 'not a whole number of seconds'],
    ['', 'not a number of seconds'],
    ['soon', 'not a number of seconds'],
    ['60s', 'not a number of seconds'],
    ['s60', 'not a number of seconds'],
    ['x-1', 'not a number of seconds'],
    ['-1x', 'not a number of seconds'],
    ['-x', 'not a number of seconds'],
    ['-1.x', 'not a number of seconds'],
    ['x0', 'not a number of seconds'],
    ['0x', 'not a number of seconds'],
    ['0.x', 'not a number of seconds'],
    ['x1.5', 'not a number of seconds'],
    ['1.5x', 'not a number of seconds'],
    ['1.', 'not a number of seconds'],
    ['1x5', 'not a number of seconds'],
  ])('ignores “%s” and says why', (value, reason) => {
    expect(readExpiresIn(value)).toEqual({
      seconds: null,
      warning: `The reported lifetime is invalid and is ignored: expires_in is “${value}”, ${reason}.`,
    });
  });

  it('does not repeat the token, nor more than 40 characters', () => {
    expect(readExpiresIn('a fake token', 'fake token').warning).not.toContain('fake token');
    expect(readExpiresIn('x'.repeat(41)).warning).not.toContain('x'.repeat(41));
  });
});
