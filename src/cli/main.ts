import { type Caller, rememberCaller } from '../process/caller.ts';
import { allCommands, lastGroup, loadCommand } from './commands/registry.ts';
import { runCommandLine } from './run-command-line.ts';

/** The whole program: runs one command line and sets the process's exit code. */
export async function main(argv: string[], caller: Caller): Promise<void> {
  rememberCaller(caller);
  const load = async (name: string) => {
    const requested = await loadCommand(name);
    return requested === null ? await allCommands() : [requested];
  };
  await runCommandLine(argv, load, lastGroup);
  exitDespiteFullPipe();
}

/** How long unread output on standard error may keep the process alive. Milliseconds. */
const unreadOutputWaitMs = 1_000;

function exitDespiteFullPipe(): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), unreadOutputWaitMs).unref();
}
