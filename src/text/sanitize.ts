/** Control, format (bidirectional, zero-width), surrogate and private-use characters, and line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** Long runs without a space, as tokens, secrets and their pieces are; a UUID (36 characters) is shorter. */
const tokenLike = /[A-Za-z0-9_~+/=-]{40,}(?:\.[A-Za-z0-9_~+/=-]*)*/g;

/** The same text without what looks like a token. */
export function redactTokens(text: string): string {
  return text.replace(tokenLike, '[hidden]');
}

/** Takes white space, invisible characters, quotes, round and angle brackets, and `more`, from both ends. */
export function trimDelimiters(text: string, more = ''): string {
  const wraps = (character: string) =>
    /^[\s\p{Cf}"'`“”‘’«»<>()]$/u.test(character) || (character !== '' && more.includes(character));
  let start = 0;
  let end = text.length;
  // A loop, because a pattern that ends in $ takes quadratic time on a long run of spaces.
  while (start < end && wraps(text.charAt(start))) start += 1;
  while (end > start && wraps(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/**
 * Makes text from outside fit to be shown or logged: one line, nothing invisible, nothing that could be a
 * token, and at most `maxLength` characters. `secrets` are blotted out whatever they look like.
 */
export function sanitizeForDisplay(text: string, maxLength = 200, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[hidden]');
  clean = redactTokens(clean.replace(unprintable, ' ')).replace(/\s+/g, ' ').trim();
  const characters = [...clean];
  return characters.length <= maxLength ? clean : `${characters.slice(0, maxLength - 1).join('')}…`;
}

/** Control characters, and those that turn the direction of what follows, or end a line. */
const steering = String.raw`\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;

/** The colors that this program uses itself, as `styleText` writes them. */
const color = String.raw`\u001b\[(?:[124]|2[24]|3[0-79]|9[0-7])m`;
const lineBreaksAndColors = new RegExp(`${color}|\n|\t|[${steering}]`, 'gu');

/** Text that cannot control the terminal that prints it: lines, tabs and colors stay, other controls become `?`. */
export function stripTerminalControls(text: string): string {
  return text.replace(lineBreaksAndColors, (found) =>
    found.length > 1 || found === '\n' || found === '\t' ? found : '?',
  );
}

const unescaped = new RegExp(`[${steering}]`, 'gu');

/** The same JSON, with what would steer a terminal escaped; `JSON.stringify` leaves much of it. Line breaks stay. */
export function escapeTerminalControls(json: string): string {
  return json.replace(unescaped, (found) =>
    found === '\n' ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
