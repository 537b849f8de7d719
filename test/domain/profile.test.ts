import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseProfileName, suggestProfileName } from '../../src/domain/profile.ts';
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
