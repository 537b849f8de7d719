import type { Command } from 'commander';
import { completionCommand } from './commands/completion.ts';
import { exitCodesOf } from './exit-codes.ts';
import { asksForHelp } from './help/asks-for-help.ts';
import { type CommandDefinition, commandFrom, listedCommand } from './help/definition.ts';
import { createProgram } from './program.ts';
import { finishAfter } from './terminal/finish-after.ts';

/** Set by the build, from the commands themselves. */
declare const commandDefinitions: CommandDefinition[];

/**
 * A fast path for help, the version and shell completion. It loads no other command: what the help shows is in the
 * bundle. Returns false, with nothing printed, where the whole program has to run.
 */
export function fastHelp(argv: string[]): boolean {
  const args = argv.slice(2);
  if (!asksForHelp(args, commandDefinitions) && args[0] !== 'completion') return false;
  const lastGroup = commandDefinitions.at(-1)?.group ?? '';
  createProgram(commandsFor(args), lastGroup)
    .parseAsync(argv)
    .catch((error) => finishAfter(error, exitCodesOf(args[0] ?? '')));
  return true;
}

/** The commands that the help of this command line needs. */
function commandsFor(args: readonly string[]): Command[] {
  if (args[0] === 'completion') {
    return [completionCommand(() => Promise.resolve(commandDefinitions.map(commandFrom)))];
  }
  return commandDefinitions.map((each) =>
    args.includes(each.name) ? commandFrom(each) : listedCommand(each),
  );
}
