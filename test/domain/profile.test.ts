import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isNamed,
  parseDisplayName,
  parseOrganizationName,
  parseProfileName,
  profileLabel,
  suggestProfileName,
} from '../../src/domain/profile.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

const allowed = /^[a-z0-9][a-z0-9._-]{0,62}$/;

describe('parseProfileName', () => {
  it.each(['acme', 'a', '0', 'acme-corp', 'acme.example_2', 'a'.repeat(63), ' acme\n'])(
    'accepts %j',
    (name) => {
      expect(parseProfileName(name)).toBe(name.trim());
    },
  );

  it.each([
    ['Acme', 'acme'],
    ['Acme Corporation', 'acme-corporation'],
    ['-acme', 'acme'],
    ['.hidden', 'hidden'],
    ['Ünïversität', 'universitat'],
    ['a/b', 'a-b'],
    ['../../etc', 'etc'],
  ])('refuses %j and suggests %j', async (name, suggestion) => {
    const error = await brokerErrorOf(() => parseProfileName(name));
    expect(error.code).toBe('E_PROFILE_NAME');
    expect(error.help).toContain(`for example "${suggestion}"`);
  });

  it.each(['', '   ', '社', '---'])('refuses %j without a suggestion', async (name) => {
    const error = await brokerErrorOf(() => parseProfileName(name));
    expect(error.help).not.toContain('for example');
  });

  it('does not repeat a long name, which may be a token', async () => {
    const error = await brokerErrorOf(() => parseProfileName('x'.repeat(64)));
    expect(error.message).toBe('A text of 64 characters is not a valid profile name.');
    expect(error.help).not.toContain('xx');
  });

  it.each([
    ['Łódź Gaz', 'lodz-gaz'],
    ['Ørsted', 'orsted'],
    ['Hauptstraße', 'hauptstrasse'],
  ])('is suggested for %s as %s', (title, name) => {
    expect(suggestProfileName(title)).toBe(name);
  });

  it('accepts every suggestion, which is its own suggestion', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (title) => {
        const suggestion = suggestProfileName(title);
        if (suggestion === '') return;
        expect(suggestion).toMatch(allowed);
        expect(suggestProfileName(suggestion)).toBe(suggestion);
      }),
    );
  });

  it('accepts nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(parseProfileName(text)).toMatch(allowed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_PROFILE_NAME' });
          expect((error as Error).message).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
    );
  });
});

describe('parseOrganizationName', () => {
  it.each([
    ['acme', { name: 'acme', displayName: null }],
    [' acme ', { name: 'acme', displayName: null }],
    ['Acme', { name: 'acme', displayName: 'Acme' }],
    [
      'Acme  Corporation - Käufer & Söhne',
      { name: 'acme-corporation-kaufer-sohne', displayName: 'Acme Corporation - Käufer & Söhne' },
    ],
  ])('returns both names for %j', (text, names) => {
    expect(parseOrganizationName(text)).toEqual(names);
  });

  it.each([
    '',
    '   ',
    '社',
    '---',
    'a\u0000b',
    'a\u202eb',
    'x'.repeat(64),
    `A ${'x'.repeat(64)}`,
    'long '.repeat(25),
  ])('refuses %j, and does not repeat it', async (text) => {
    const error = await brokerErrorOf(() => parseOrganizationName(text));
    expect(error.code).toBe('E_PROFILE_NAME');
    if (text.trim() !== '') expect(`${error.message} ${error.help}`).not.toContain(text.trim());
  });

  it('returns a valid technical name, and a display name that it parses to the same one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        let names: ReturnType<typeof parseOrganizationName>;
        try {
          names = parseOrganizationName(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_PROFILE_NAME' });
          return;
        }
        expect(names.name).toMatch(allowed);
        if (names.displayName === null) return;
        expect(parseDisplayName(names.displayName)).toBe(names.displayName);
        expect(parseOrganizationName(names.displayName)).toEqual(names);
      }),
    );
  });
});

describe('isNamed', () => {
  it('compares display names ignoring case, and accepts any technical name', () => {
    expect(isNamed({ displayName: 'Acme, Inc.' }, 'ACME, INC.')).toBe(true);
    expect(isNamed({ displayName: 'Acme, Inc.' }, null)).toBe(true);
    expect(isNamed({ displayName: null }, 'Acme Inc')).toBe(true);
    expect(isNamed({ displayName: 'Acme, Inc.' }, 'Acme Inc')).toBe(false);
  });
});

describe('profileLabel', () => {
  it('shows the display name first', () => {
    expect(profileLabel({ name: 'acme', displayName: 'Acme Corporation' })).toBe('Acme Corporation (acme)');
    expect(profileLabel({ name: 'acme', displayName: null })).toBe('acme');
  });
});
