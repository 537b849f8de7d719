/** Control, format (bidirectional, zero-width), surrogate and private-use characters, and line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** Long runs without a space, such as tokens, secrets and parts of them. A UUID (36 characters) is shorter. */
const tokenLike = /[A-Za-z0-9_~+/=-]{40,}(?:\.[A-Za-z0-9_~+/=-]*)*/g;

/** Removes everything that looks like a token. */
export function redactTokens(text: string): string {
  return text.replace(tokenLike, '[hidden]');
}

/** Removes white space, invisible characters, quotes, parentheses, angle brackets and `more` from both ends. */
export function trimDelimiters(text: string, more = ''): string {
  const wraps = (character: string) => /[\s\p{Cf}"'`“”‘’«»<>()]/u.test(character) || more.includes(character);
  let start = 0;
  let end = text.length;
  // A loop, because a regular expression that ends in $ takes quadratic time on a long run of spaces.
  while (start < end && wraps(text.charAt(start))) start += 1;
  while (end > start && wraps(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * Makes text from outside safe to display or log: one line, no invisible characters, nothing that could be a token, and at
 * most `maxLength` characters. `secrets` are always removed.
 */
export function sanitizeForDisplay(text: string, maxLength = 200, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[hidden]');
  clean = redactTokens(clean.replace(unprintable, ' ')).replace(/\s+/g, ' ').trim();
  const characters = [...clean];
  return characters.length <= maxLength ? clean : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** Control characters, and characters that change the text direction or end a line. */
const steering = String.raw`\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;

/** The color codes that this program writes with `styleText`. */
const color = String.raw`\u001b\[(?:[124]|2[24]|3[0-79]|9[0-7])m`;
const lineBreaksAndColors = new RegExp(`${color}|\n|\t|[${steering}]`, 'gu');

/** Makes text safe to print in a terminal: line ends, tabs and colors are kept, other control characters become `?`. */
export function stripTerminalControls(text: string): string {
  return text.replace(lineBreaksAndColors, (found) =>
    found.length > 1 || found === '\n' || found === '\t' ? found : '?',
  );
}

const unescaped = new RegExp(`[${steering}]`, 'gu');

/** Escapes control characters in JSON that `JSON.stringify` does not escape. Line breaks are kept. */
export function escapeTerminalControls(json: string): string {
  return json.replace(unescaped, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
