import type { Command } from 'commander';
import { completionCommand } from '../commands/completion.ts';
import { exitCodesOf } from '../exit-codes.ts';
import { asksForHelp } from '../help/asks-for-help.ts';
import { type CommandDefinition, commandFrom, listedCommand } from '../help/definition.ts';
import { createProgram } from '../program.ts';
import { finishAfter } from '../terminal/finish-after.ts';
import { writeResult } from '../terminal/output.ts';
import { version } from '../version.ts';

/** The build sets this from the commands themselves: `CommandDefinition[]` as JSON. */
declare const commandDefinitions: string;

/**
 * A fast path for help, the version and shell completion. It loads no other command, because the bundle contains what the
 * help shows. Returns false, without printing anything, if the full program has to run.
 */
export function fastHelp(argv: string[]): boolean {
  const args = argv.slice(2);
  if (args.length === 1 && ['-V', '--version'].includes(args[0] ?? '')) return printVersion();
  const definitions = JSON.parse(commandDefinitions) as CommandDefinition[];
  if (!asksForHelp(args, definitions) && args[0] !== 'completion') return false;
  const lastGroup = definitions.at(-1)?.group ?? '';
  createProgram(commandsFor(args, definitions), lastGroup)
    .parseAsync(argv)
    .catch((error) => finishAfter(error, exitCodesOf(args[0] ?? '')));
  return true;
}

/** The commands that the help of this command line needs. */
function commandsFor(args: readonly string[], definitions: CommandDefinition[]): Command[] {
  if (args[0] === 'completion') {
    return [completionCommand(() => Promise.resolve(definitions.map(commandFrom)))];
  }
  return definitions.map((each) => (args.includes(each.name) ? commandFrom(each) : listedCommand(each)));
}

function printVersion(): true {
  try {
    writeResult(`${version}\n`);
  } catch (error) {
    finishAfter(error, exitCodesOf(''));
  }
  return true;
}
