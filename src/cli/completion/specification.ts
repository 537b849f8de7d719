import type { Command } from 'commander';

/** The kind of names that an argument takes. */
export type NameKind = 'profiles' | 'clients';

/** The data that a shell needs to complete a command. */
export interface CommandSpecification {
  /** The words of the command: `get`, or `client add`. */
  path: string;
  description: string;
  options: { flag: string; description: string; takesValue: boolean; values: string[] }[];
  /** The words that can follow: its subcommands, or the choices of its first argument. */
  words: { word: string; description: string }[];
  /** The kind of names that its first argument takes, if the store contains them. */
  names: NameKind | null;
}

/** All commands and their subcommands, in order. */
export function specify(commands: readonly Command[], prefix = ''): CommandSpecification[] {
  return commands.flatMap((command) => {
    const path = prefix + command.name();
    return [specifyOne(command, path), ...specify(command.commands, `${path} `)];
  });
}

function specifyOne(command: Command, path: string): CommandSpecification {
  const [argument] = command.registeredArguments;
  const options = command.options
    .filter((option) => !option.hidden && option.long)
    .map((option) => ({
      flag: option.long ?? '',
      description: oneLine(option.description),
      takesValue: option.required || option.optional,
      values: option.argChoices ?? [],
    }));
  return {
    path,
    description: oneLine(command.description()),
    options: [...options, { flag: '--help', description: 'show help', takesValue: false, values: [] }],
    words: [
      ...command.commands.map((each) => ({ word: each.name(), description: oneLine(each.description()) })),
      ...(argument?.argChoices ?? []).map((word) => ({ word, description: '' })),
    ],
    names: namesOf(path, argument?.name()),
  };
}

function namesOf(path: string, argument: string | undefined): NameKind | null {
  if (path === 'client rotate' || path === 'client remove') return 'clients';
  return argument === 'profile' || argument === 'profiles' || argument === 'old' ? 'profiles' : null;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
