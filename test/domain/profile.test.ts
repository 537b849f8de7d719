import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProfileName, suggestProfileName } from '../../src/domain/profile.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

const allowed = /^[a-z0-9][a-z0-9._-]{0,62}$/;

describe('a profile’s name', () => {
  test.each(['acme', 'a', '0', 'acme-corp', 'acme.example_2', 'a'.repeat(63), ' acme\n'])('%j', (name) => {
    expect(parseProfileName(name)).toBe(name.trim());
  });

  test.each([
    ['Acme', 'acme'],
    ['Acme Corporation', 'acme-corporation'],
    ['-acme', 'acme'],
    ['.hidden', 'hidden'],
    ['Ünïversität', 'universitat'],
    ['a/b', 'a-b'],
    ['../../etc', 'etc'],
  ])('%j cannot be one, but %j could', async (name, suggestion) => {
    const error = await brokerErrorOf(() => parseProfileName(name));
    expect(error.code).toBe('E_PROFILE_NAME');
    expect(error.help).toContain(`for example "${suggestion}"`);
  });

  test.each(['', '   ', '社', '---'])('%j cannot be one, and nothing like it', async (name) => {
    const error = await brokerErrorOf(() => parseProfileName(name));
    expect(error.help).not.toContain('for example');
  });

  test('one that is too long is not repeated: it may be a token', async () => {
    const error = await brokerErrorOf(() => parseProfileName('x'.repeat(64)));
    expect(error.message).toBe('A text of 64 characters is not a valid profile name.');
    expect(error.help).not.toContain('xx');
  });

  test('whatever is suggested is allowed, and suggested for itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (title) => {
        const suggestion = suggestProfileName(title);
        if (suggestion === '') return;
        expect(suggestion).toMatch(allowed);
        expect(suggestProfileName(suggestion)).toBe(suggestion);
      }),
    );
  });

  test('nothing else is ever accepted', () => {
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
