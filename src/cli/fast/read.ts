import { type Caller, rememberCaller } from '../../process/caller.ts';
import { command as check } from '../commands/check.ts';
import { command as list } from '../commands/list.ts';
import { command as show } from '../commands/show.ts';
import { command as status } from '../commands/status.ts';
import { runCommandLine } from '../run-command-line.ts';
import { holdMessages, releaseMessages } from '../terminal/output.ts';
import { isNeeded } from './left-out.ts';

const commands = { check, list, show, status };

/**
 * A fast path for the commands that only read. It runs the same code as the whole program, in one file that leaves out what
 * they rarely need. If one needs it after all, nothing has been printed yet, and `runWholeProgram` runs the command again.
 */
export async function fastRead(
  argv: string[],
  caller: Caller,
  runWholeProgram: () => Promise<void>,
): Promise<void> {
  rememberCaller(caller);
  holdMessages(isNeeded);
  const load = (name: string) => Promise.resolve([commands[name as keyof typeof commands]()]);
  await runCommandLine(argv, load, '');
  releaseMessages();
  if (!isNeeded()) return;
  process.exitCode = undefined;
  await runWholeProgram();
}
