import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wrap, wrapFor } from '../../src/cli/terminal/wrap.ts';
import { misspelledVariables } from '../../src/config/misspelled-variables.ts';
import { machine } from '../support/cli/cli-process.ts';

describe('webex-token --help', () => {
  it('lists every command under the heading of its group', async () => {
    const here = await machine();
    const { stdout } = await here.run(['--help']);
    const headings = ['Sign in:', 'Use the token:', 'Deliver:', 'Keep:', 'Operate:'];
    expect(stdout.match(/^[A-Z][a-z ]+:$/gm)?.filter((heading) => headings.includes(heading))).toEqual(
      headings,
    );
    expect(stdout).toMatch(/^ {2}login +Sign in to Webex/m);
  });

  it('breaks lines between words from 40 columns on', async () => {
    const here = await machine();
    const { stdout } = await here.run(['--help']);
    const words = new Set(stdout.split(/\s+/));
    for (let columns = 40; columns <= 80; columns += 1) {
      const lines = wrap(stdout, columns).split('\n');
      expect(lines.every((line) => line.length <= columns)).toBe(true);
      for (const word of lines.flatMap((line) => line.split(/\s+/))) expect(words).toContain(word);
    }
  });
});

describe('wrap', () => {
  it('breaks between words, keeps the indentation, and leaves a link whole', () => {
    expect(wrap('  one two three', 9 + 11)).toBe('  one two three');
    expect(wrap('  Open this link in a browser', 20)).toBe('  Open this link in\n  a browser');
    const link = `http://localhost:3000/${'x'.repeat(60)}`;
    expect(wrap(link, 40)).toBe(link);
  });

  it('counts no color codes', () => {
    const colored = '\u001b[32m12345\u001b[39m 67890 12345 67';
    expect(wrap(colored, 20)).toBe(colored);
  });

  it('changes nothing that is not shown on a terminal', () => {
    const text = 'word '.repeat(40).trim();
    expect(wrapFor({}, text)).toBe(text);
    expect(wrapFor({ isTTY: true, columns: 40 }, text)).not.toBe(text);
  });
});

describe('a variable with a misspelled name', () => {
  it('is named, with the one that was probably meant', async () => {
    const here = await machine(undefined, { WEBEX_TOKEN_PRT: '3000' });
    const { code, stderr } = await here.run(['list']);
    expect(code).toBe(0);
    expect(stderr).toContain(
      'Warning: WEBEX_TOKEN_PRT is not a setting and has no effect. Did you mean WEBEX_TOKEN_PORT?',
    );
  });

  it('leaves variables alone that other programs may use', () => {
    expect(misspelledVariables(['WEBEX_TOKEN_PORT', 'WEBEX_TOKEN_SOMETHING', 'PATH'])).toEqual([]);
    expect(misspelledVariables(['WEBEX_TOKEN_MAILTO'])).toEqual([
      { name: 'WEBEX_TOKEN_MAILTO', meant: 'WEBEX_TOKEN_MAIL_TO' },
    ]);
  });

  it('knows every variable of .env.example', () => {
    const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
    const names = [...new Set(text.match(/\bWEBEX_TOKEN_[A-Z_]*[A-Z]\b/g))];
    expect(names.length).toBeGreaterThan(15);
    expect(misspelledVariables(names.map((name) => `${name}X`)).map(({ meant }) => meant)).toEqual(names);
  });
});
