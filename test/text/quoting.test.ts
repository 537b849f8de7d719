import { execFileSync } from 'node:child_process';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { curlString, dotEnvValue, powershellString, shellString } from '../../src/text/quoting.ts';

/** Values that break incomplete quoting. */
const awkward = [
  '',
  "it's",
  'say "hello"',
  '$HOME `id` $(id) $x',
  'back\\slash\\n and \\\\ end\\',
  'a # comment = b; c & d | e > f',
  ' leading and trailing ',
  'line\nbreak',
  'tab\there',
  "‘typographic’ ‚quotes‛ 'plain'",
  '!history %PATH% ^caret *glob ~',
  'ünïcode 😀',
];

/** about_Quoting_Rules: any of five single quotes ends the string, unless one of them follows at once. */
function readPowershellString(text: string): string {
  const isQuote = (character: string | undefined) => character !== undefined && "'‘’‚‛".includes(character);
  const characters = [...text];
  let value = '';
  for (let at = 1; at < characters.length; at += 1) {
    if (!isQuote(characters[at])) value += characters[at];
    else if (isQuote(characters[at + 1])) {
      value += characters[at];
      at += 1;
    } else {
      expect(at).toBe(characters.length - 1);
      return value;
    }
  }
  throw new Error('the string does not end');
}

describe('quoting', () => {
  it.each(awkward)('quotes %j so that a shell reads it back', (value) => {
    const script = `V=${shellString(value)}; printf %s "$V"`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(value);
  });

  it.each(awkward)('quotes %j so that a .env parser reads it back', (value) => {
    expect(parseEnv(`BEFORE=1\nV=${dotEnvValue('V', value)}\nAFTER=2`)).toEqual({
      BEFORE: '1',
      V: value,
      AFTER: '2',
    });
  });

  it('refuses a value that .env cannot contain, and NUL in every language', () => {
    expect(() => dotEnvValue('V', '\'"`')).toThrow(/V has characters/);
    for (const quote of [shellString, powershellString, curlString])
      expect(() => quote('a\0b')).toThrow(/NUL/);
  });

  it.each(awkward)('quotes %j by the rules of PowerShell', (value) => {
    expect(readPowershellString(powershellString(value))).toBe(value);
  });
});
