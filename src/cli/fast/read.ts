import type { Command } from 'commander';
import { type Caller, rememberCaller } from '../../process/caller.ts';
import { runCommandLine } from '../run-command-line.ts';
import { bufferMessages, flushMessages } from '../terminal/output.ts';
import { needsFullProgram } from './excluded-code.ts';

/**
 * A fast path for a command that only reads. It runs the same code as the full program, from a small bundle without the
 * modules that the command rarely needs. If it needs one of them after all, nothing has been printed yet, and
 * `runFullProgram` runs the command again.
 */
export function fastReader(command: () => Command) {
  return async (argv: string[], caller: Caller, runFullProgram: () => Promise<void>): Promise<void> => {
    rememberCaller(caller);
    bufferMessages(needsFullProgram);
    await runCommandLine(argv, () => Promise.resolve([command()]), '');
    flushMessages();
    if (!needsFullProgram()) return;
    process.exitCode = undefined;
    await runFullProgram();
  };
}
