import { sanitizeForDisplay } from './sanitize.ts';

export interface DescribedError {
  /** The error's name, or its type where it is none. */
  error: string;
  code?: string;
  message?: string;
  /** The lines of the stack, without the message before them. */
  stack: string[];
}

/** What of an unexpected error may stand in the log: its text comes from anywhere, so whatever looks like a token is taken out. */
export function toSafeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { error: typeof error, stack: [] };
  const { code } = error as NodeJS.ErrnoException;
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
  return {
    error: sanitizeForDisplay(error.name, 60),
    ...(code !== undefined && { code: sanitizeForDisplay(String(code), 60) }),
    message: sanitizeForDisplay(error.message, 300),
    stack: frames,
  };
}
