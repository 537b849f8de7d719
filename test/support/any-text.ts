import fc from 'fast-check';

/** The code points of surrogates are not characters. */
const surrogates = { first: 0xd800, count: 0x800 };

/**
 * Any character of Unicode, as `unit: 'binary'` of fast-check, but without its table of all of them, which takes half a second
 * and more than a hundred megabytes.
 */
const anyCharacter = fc.nat(0x10ffff - surrogates.count).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (character) => {
    const codePoint = typeof character === 'string' ? character.codePointAt(0) : undefined;
    if (codePoint === undefined || character !== String.fromCodePoint(codePoint) || !character.isWellFormed())
      throw new Error('not one character');
    return codePoint < surrogates.first ? codePoint : codePoint - surrogates.count;
  },
);

/** Text of any characters: other scripts, control characters, and unassigned ones. */
export function anyText(lengths: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ unit: anyCharacter, ...lengths });
}
