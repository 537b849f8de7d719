import { type Caller, rememberCaller } from '../process/caller.ts';
import { allCommands, lastGroup, loadCommand } from './commands/registry.ts';
import { exitCodesOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { finishAfter } from './terminal/finish-after.ts';
import { reportError } from './terminal/terminal.ts';
import { warnOfMisspelledVariables } from './terminal/warn-of-variables.ts';

/** Runs one command line and sets the process's exit code. */
export async function main(argv: string[], caller: Caller): Promise<void> {
  rememberCaller(caller);
  const codeOf = exitCodesOf(commandNameIn(argv));
  // Node would print the line of code that failed, and everything that the error holds.
  process.on('uncaughtException', (error) => {
    reportError(error);
    process.exit(codeOf(error));
  });
  try {
    const requested = await loadCommand(commandNameIn(argv));
    const program = createProgram(requested === null ? await allCommands() : [requested], lastGroup);
    program.hook('preAction', () => warnOfMisspelledVariables());
    await program.parseAsync(argv);
  } catch (error) {
    finishAfter(error, codeOf);
  }
  exitDespiteFullPipe();
}

/** Unread output on standard error keeps the process alive for at most this long. Milliseconds. */
const unreadOutputWaitMs = 1_000;

function exitDespiteFullPipe(): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), unreadOutputWaitMs).unref();
}

/** The name of the command, or empty. */
function commandNameIn(argv: readonly string[]): string {
  return argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
}
