import { sanitizeForDisplay } from './sanitize.ts';

export interface DescribedError {
  /** The error's name, or the type of a value that is not an error. */
  error: string;
  code?: string;
  message?: string;
  /** The lines of the stack without the message. */
  stack: string[];
}

/** The parts of an unexpected error that are safe to log. Its text is untrusted, so anything that looks like a token is removed. */
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
