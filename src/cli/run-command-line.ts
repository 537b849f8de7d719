import type { Command } from 'commander';
import { exitCodesOf } from './exit-codes.ts';
import { createProgram } from './program.ts';
import { finishAfter } from './terminal/finish-after.ts';
import { flushMessages } from './terminal/output.ts';
import { reportError } from './terminal/terminal.ts';
import { warnOfMisspelledVariables } from './terminal/warn-of-variables.ts';

/**
 * Runs one command line and sets the process's exit code. `load` takes the name of a command and returns the commands that
 * are needed to run it. `lastGroup` is the heading under which `help` is listed.
 */
export async function runCommandLine(
  argv: string[],
  load: (name: string) => Promise<readonly Command[]>,
  lastGroup: string,
): Promise<void> {
  const name = argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
  const codeOf = exitCodesOf(name);
  // Node would print the failing line of code and every property of the error.
  const onUncaught = (error: unknown) => {
    reportError(error);
    flushMessages();
    process.exit(codeOf(error));
  };
  process.removeAllListeners('uncaughtException').on('uncaughtException', onUncaught);
  try {
    const program = createProgram(await load(name), lastGroup);
    program.hook('preAction', () => warnOfMisspelledVariables());
    await program.parseAsync(argv);
  } catch (error) {
    finishAfter(error, codeOf);
  }
}
