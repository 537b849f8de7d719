/**
 * A failure that a person can act on. `message` says what happened and why, `help` what to do next.
 * Neither may ever hold a token: messages are printed, logged and shown on pages.
 */
export class BrokerError extends Error {
  /** Stable, for programs: `E_` and upper case, e.g. `E_STATE_USED`. */
  readonly code: string;
  readonly help: string | undefined;

  constructor(code: string, message: string, options: { help?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BrokerError';
    this.code = code;
    this.help = options.help;
  }
}
