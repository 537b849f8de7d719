/** The brackets that guides put around a placeholder. */
const bracketed =
  /^(?:<[A-Za-z _.'’-]{1,80}>|\{{1,2}[A-Za-z _.-]{1,80}\}{1,2}|\[[A-Za-z _.-]{1,80}\]|\$\{?[A-Za-z_]{1,60}\}?|%[A-Za-z_]{1,60}%)$/;

/** The words of a placeholder, except the last one. */
const before =
  '(?:your|my|the|an?|this|new|insert|paste|copy|copied|enter|put|replace|with|fill|in|dummy|test|bearer|access|api|auth|oauth2?|scim|webex|secret|sample|example)';
const named = new RegExp(`^(?:${before} )*(?:token|secret)(?: (?:here|value|string|goes|from|webex))*$`);

/** The characters that a user interface shows instead of a secret. */
const masked = /^(?:[x*.•…●_-]{3,}|…)$/i;

/** Whether a text is a placeholder for a token, as in the example of a guide. */
export function isPlaceholder(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed.length > 120) return false;
  if (bracketed.test(trimmed) || masked.test(trimmed)) return true;
  const words = trimmed
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/[\s_\-<>{}[\]()"'`:.]+/g, ' ')
    .trim();
  return named.test(words);
}
