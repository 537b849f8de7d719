import type { CommandDefinition } from './definition.ts';

/**
 * Whether a command line asks for help or the version. Every other word of it has to be a command name, because in
 * `exec acme -- CMD --help` the option is meant for CMD.
 */
export function asksForHelp(args: readonly string[], commands: readonly CommandDefinition[]): boolean {
  const [first, ...more] = args;
  if (first === undefined) return true;
  if (first === 'help') return areCommands(more, commands);
  const last = args.at(-1) ?? '';
  if (['-V', '--version'].includes(last)) return args.length === 1;
  return ['-h', '--help'].includes(last) && areCommands(args.slice(0, -1), commands);
}

function areCommands(words: readonly string[], commands: readonly CommandDefinition[]): boolean {
  const [first, ...more] = words;
  if (first === undefined) return true;
  const found = commands.find(({ name }) => name === first);
  return found !== undefined && areCommands(more, found.commands);
}
