import { describe, expect, it } from 'vitest';
import {
  escapeTerminalControls,
  redactTokens,
  sanitizeForDisplay,
  stripTerminalControls,
  trimDelimiters,
} from '../../src/text/sanitize.ts';

const long = 'A'.repeat(40);

describe('redactTokens', () => {
  it.each([
    ['40 characters', long, '[hidden]'],
    ['39 characters', long.slice(1), long.slice(1)],
    ['a UUID', '123e4567-e89b-42d3-a456-426614174000', '123e4567-e89b-42d3-a456-426614174000'],
    ['every character that a token may have', `aZ09_~+/=-${long}`, '[hidden]'],
    ['the parts of a JWT', `${long}.e30.c2ln.`, '[hidden]'],
    ['the text around it', `token: ${long}, end`, 'token: [hidden], end'],
    ['two of them', `${long} ${long}`, '[hidden] [hidden]'],
    ['a dot before it', `.${long}`, '.[hidden]'],
  ])('hides no less and no more: %s', (_, text, expected) => {
    expect(redactTokens(text)).toBe(expected);
  });
});

describe('trimDelimiters', () => {
  it.each([
    ['  token\t\n', 'token'],
    ['"token"', 'token'],
    ["'`“”‘’«»<>()token)(><»«’‘”“`'", 'token'],
    ['\u200b\ufefftoken\u200b', 'token'],
    ['to ken', 'to ken'],
    ['(a) (b)', 'a) (b'],
    ['"', ''],
    ['', ''],
    ['😀', '😀'],
  ])('removes %j from both ends', (text, expected) => {
    expect(trimDelimiters(text)).toBe(expected);
  });

  it('also removes the characters that a caller names, and only these', () => {
    expect(trimDelimiters(',;token;,', ',;')).toBe('token');
    expect(trimDelimiters(',token,')).toBe(',token,');
  });

  it('stays fast on a long run of spaces', () => {
    expect(trimDelimiters(`a${' '.repeat(200_000)}b`)).toHaveLength(200_002);
  });
});

describe('sanitizeForDisplay', () => {
  it.each([
    ['line ends', 'one\r\ntwo\u2028three\u2029four', 'one two three four'],
    ['control characters', 'a\u0000b\u001b[31mc\u007fd', 'a b [31mc d'],
    ['invisible characters', 'a\u200b\u202eb', 'a b'],
    ['characters for private use', 'a\ue000b', 'a b'],
    ['half a surrogate pair', 'a\ud800b', 'a b'],
    ['spaces', '  a \t  b  ', 'a b'],
    ['a token', `Bearer ${long}`, 'Bearer [hidden]'],
  ])('makes one line without %s', (_, text, expected) => {
    expect(sanitizeForDisplay(text)).toBe(expected);
  });

  it('removes every secret in any place, even a short one', () => {
    expect(sanitizeForDisplay('user s3 and s3, x', 200, ['s3', '', 'x'])).toBe(
      'user [hidden] and [hidden], [hidden]',
    );
  });

  it('removes a secret that has control characters', () => {
    expect(sanitizeForDisplay('a\u0000b', 200, ['a\u0000b'])).toBe('[hidden]');
  });

  it('keeps text of the greatest length whole, and shortens longer text to it', () => {
    expect(sanitizeForDisplay('12345', 5)).toBe('12345');
    expect(sanitizeForDisplay('123456', 5)).toBe('1234…');
    expect(sanitizeForDisplay('word '.repeat(100))).toHaveLength(200);
  });

  it('counts a character beyond 16 bits once, and never cuts it', () => {
    expect(sanitizeForDisplay('😀😀😀', 3)).toBe('😀😀😀');
    expect(sanitizeForDisplay('😀😀😀', 2)).toBe('😀…');
  });
});

describe('stripTerminalControls', () => {
  it('keeps line ends, tabs and the colors of this program', () => {
    for (const code of ['1', '2', '4', '22', '24', '30', '37', '39', '90', '97']) {
      const text = `a\tb\n\u001b[${code}mc`;
      expect(stripTerminalControls(text)).toBe(text);
    }
  });

  it.each([
    [
      'other sequences',
      '\u001b[5m\u001b[25m\u001b[38m\u001b[98m\u001b]0;title\u0007',
      '?[5m?[25m?[38m?[98m?]0;title?',
    ],
    ['a color that moves the cursor', '\u001b[31H', '?[31H'],
    ['a carriage return', 'a\rb', 'a?b'],
    ['line separators', 'a\u2028b\u2029c', 'a?b?c'],
    ['changes of direction', '\u061c\u200e\u200f\u202a\u202e\u2066\u2069', '???????'],
    ['C1 controls', '\u0085\u009b31m', '??31m'],
  ])('replaces %s', (_, text, expected) => {
    expect(stripTerminalControls(text)).toBe(expected);
  });

  it('leaves other letters alone', () => {
    expect(stripTerminalControls('Zoë 日本 😀 \u200b')).toBe('Zoë 日本 😀 \u200b');
  });
});

describe('escapeTerminalControls', () => {
  it('escapes what a terminal would act on, as JSON', () => {
    const json = JSON.stringify({ name: 'a\u0085\u202e\u2028\u007fb' });
    const escaped = escapeTerminalControls(json);
    expect(escaped).toBe('{"name":"a\\u0085\\u202e\\u2028\\u007fb"}');
    expect(JSON.parse(escaped)).toEqual(JSON.parse(json));
  });

  it('keeps line breaks', () => {
    expect(escapeTerminalControls('{\n}\t')).toBe('{\n}\\u0009');
  });
});
