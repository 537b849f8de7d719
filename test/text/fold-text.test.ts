import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldText } from '../../src/text/fold-text.ts';

describe('foldText', () => {
  it.each([
    ['Zürich AG', 'zurich ag'],
    ['Zu\u0308rich', 'zurich'],
    ['İSTANBUL', 'istanbul'],
    ['Isparta ısparta', 'isparta isparta'],
    ['STRASSE Straße', 'strasse strasse'],
    ['Łódź Ørsted Æon', 'lodz orsted aeon'],
    ['ΑΘΗΝΆΣ', 'αθηνασ'],
    ['Ёлка', 'елка'],
    ['ＡＣＭＥ １２', 'acme 12'],
    // Marks that make another letter, or are a vowel, stay.
    ['ガス', 'ガス'],
    ['हिन्दी', 'हिन्दी'],
    ['한국', '한국'],
  ])('makes %s %s', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });

  it('changes nothing in a folded text, nor in a part of one', () => {
    const part = fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 30 }), from: fc.nat(20) });
    fc.assert(
      fc.property(part, ({ text, from }) => {
        const some = [...foldText(text)].slice(from).join('');
        expect(foldText(some)).toBe(some);
      }),
      { numRuns: 2_000 },
    );
  });
});
