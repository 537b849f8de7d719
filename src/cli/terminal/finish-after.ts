import { CommanderError } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { reportError } from './terminal.ts';

/** Reports the error that ended a command, and sets the exit code. Commander has already printed its own messages. */
export function finishAfter(error: unknown, codeOf: (error: unknown) => number): void {
  const isCommander = error instanceof CommanderError;
  // Showing help or the version is not a failure.
  if (isCommander && error.exitCode === 0) return;
  if (!isCommander) reportError(error);
  process.exitCode = codeOf(isCommander ? new BrokerError('E_USAGE', error.message) : error);
}
