/**
 * Whether to write color to a stream: yes for a terminal or with FORCE_COLOR, never with NO_COLOR (no-color.org,
 * force-color.org: an empty variable does not count). Node would give FORCE_COLOR precedence and print a warning.
 */
export function wantsColor(
  stream: { isTTY?: boolean | undefined },
  { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !['0', 'false'].includes(FORCE_COLOR);
  return stream.isTTY === true && TERM !== 'dumb';
}
