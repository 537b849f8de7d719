/** Control, format (bidirectional, zero-width), surrogate and private-use characters, and line separators. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+/gu;

/** Long runs without a space, as tokens, secrets and their pieces are; a UUID (36 characters) is shorter. */
const tokenLike = /[A-Za-z0-9_~+/=-]{40,}(?:\.[A-Za-z0-9_~+/=-]*)*/g;

/**
 * Makes text from outside fit to be shown or logged: one line, nothing invisible, nothing that could be a
 * token, and at most `maxLength` characters. `secrets` are blotted out whatever they look like.
 */
export function displayable(text: string, maxLength = 200, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[hidden]');
  clean = clean.replace(unprintable, ' ').replace(tokenLike, '[hidden]').replace(/\s+/g, ' ').trim();
  const characters = [...clean];
  return characters.length <= maxLength ? clean : `${characters.slice(0, maxLength - 1).join('')}…`;
}
