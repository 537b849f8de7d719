import { CommanderError } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { reportError } from './terminal.ts';

/** Reports what ended a command, and sets the exit code. Commander has printed its own messages already. */
export function finishAfter(error: unknown, codeOf: (error: unknown) => number): void {
  const isCommander = error instanceof CommanderError;
  // Help and version are no failures.
  if (isCommander && error.exitCode === 0) return;
  if (!isCommander) reportError(error);
  process.exitCode = codeOf(isCommander ? new BrokerError('E_USAGE', error.message) : error);
}
