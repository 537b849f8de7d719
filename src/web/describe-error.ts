import { displayable } from '../webex/text.ts';

/** What of an unexpected error may stand in the log: its text comes from anywhere, so whatever looks like a token is taken out. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
  return {
    error: error.name,
    ...(code !== undefined && { code: String(code) }),
    message: displayable(error.message, 300),
    stack: frames,
  };
}
