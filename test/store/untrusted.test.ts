import { describe, expect, it } from 'vitest';
import { KeyUnknown, NotAuthentic } from '../../src/store/integrity/authenticated-set.ts';
import { isAboutWholeStore, untrusted } from '../../src/store/integrity/untrusted.ts';

describe('untrusted', () => {
  it.each([
    [new NotAuthentic('older', 'it is at change 1, and was at 2'), 'E_STORE_ROLLED_BACK', true],
    [new NotAuthentic('removed', 'the record of its rows is missing'), 'E_INTEGRITY', true],
    [new NotAuthentic('altered', 'the record of its rows was altered'), 'E_INTEGRITY', true],
    [new NotAuthentic('mixed', 'rows were added'), 'E_INTEGRITY', true],
    [new NotAuthentic('added', 'A profile was added from outside'), 'E_INTEGRITY', true],
    [new NotAuthentic('changed', 'A profile was changed from outside'), 'E_INTEGRITY', false],
    [new KeyUnknown(), 'E_INTEGRITY', false],
  ] as const)('says what %s is about', (error, code, wholeStore) => {
    const shown = untrusted(error);
    expect(shown).toMatchObject({ code, cause: error });
    expect(shown.help).toContain('restore --accept-rollback');
    expect(isAboutWholeStore(shown)).toBe(wholeStore);
  });

  it.each([
    [
      new NotAuthentic('older', 'it is at change 1, and was at 2'),
      'The database was rolled back: it is at change 1, and was at 2.',
    ],
    [
      new NotAuthentic('added', 'A profile was added from outside'),
      'The database cannot be trusted: a profile was added from outside.',
    ],
    [
      new NotAuthentic('changed', 'An API client was changed from outside'),
      'The database cannot be trusted: an API client was changed from outside.',
    ],
    [
      new KeyUnknown(),
      'The database cannot be trusted: a row was written with a key that does not belong to this store.',
    ],
  ])('says it in one sentence: %s', (error, message) => {
    expect(untrusted(error).message).toBe(message);
  });
});
