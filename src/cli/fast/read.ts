import type { Command } from 'commander';
import { type Caller, rememberCaller } from '../../process/caller.ts';
import { runCommandLine } from '../run-command-line.ts';
import { bufferMessages, flushMessages } from '../terminal/output.ts';
import { isNeeded } from './left-out.ts';

/**
 * A fast path for a command that only reads. It runs the same code as the full program, from a small bundle without the
 * modules that the command rarely needs. If it needs one of them after all, nothing has been printed yet, and
 * `runWholeProgram` runs the command again.
 */
export function fastReader(command: () => Command) {
  return async (argv: string[], caller: Caller, runWholeProgram: () => Promise<void>): Promise<void> => {
    rememberCaller(caller);
    bufferMessages(isNeeded);
    await runCommandLine(argv, () => Promise.resolve([command()]), '');
    flushMessages();
    if (!isNeeded()) return;
    process.exitCode = undefined;
    await runWholeProgram();
  };
}
