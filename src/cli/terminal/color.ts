/**
 * Whether a stream gets color: a terminal does, and FORCE_COLOR stands for one; with NO_COLOR, none (no-color.org,
 * force-color.org: each counts unless it is empty). Node would let FORCE_COLOR win, and say so on standard error.
 */
export function wantsColor(
  stream: { isTTY?: boolean | undefined },
  { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv = process.env,
): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return !['0', 'false'].includes(FORCE_COLOR);
  return stream.isTTY === true && TERM !== 'dumb';
}
