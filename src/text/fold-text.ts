/** Letters that Unicode does not take apart, and the letters that people type for them. */
const plainLetters: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
  // At the end of a word.
  ς: 'σ',
};
const specialLetter = new RegExp(`[${Object.keys(plainLetters).join('')}]`, 'g');

/**
 * A text in the form in which texts are searched and sorted: lowercase, without the accents of Latin, Greek and Cyrillic
 * letters, in one of the several forms that Unicode allows (NFKC). Folding a folded text changes nothing.
 */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]+/g, '')
    .toLowerCase()
    .replace(specialLetter, (letter) => plainLetters[letter] ?? letter)
    .normalize('NFKC');
}
