import type { ErrorCode } from './error-codes.ts';
import { type Help, type Remedy, remediesOf, terminalHelp } from './remedy.ts';

/**
 * An error that a person can act on. `message` says what happened and why; `remedies` say what to do next. Neither may ever
 * contain a token, because messages are printed, logged and shown on pages.
 */
export class BrokerError extends Error {
  readonly code: ErrorCode;
  readonly remedies: readonly Remedy[];

  constructor(code: ErrorCode, message: string, options: { help?: Help; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BrokerError';
    this.code = code;
    this.remedies = remediesOf(options.help);
  }

  /** The remedies for a terminal; undefined if there are none. */
  get help(): string | undefined {
    return this.remedies.length === 0 ? undefined : terminalHelp(this.remedies);
  }
}
