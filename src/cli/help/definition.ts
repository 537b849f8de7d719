import type { EventEmitter } from 'node:events';
import { Argument, Command, Option } from 'commander';

/** The content of a command's help, as JSON. The build writes it, so that showing help loads no command. */
export interface CommandDefinition {
  name: string;
  description: string;
  usage: string;
  group: string;
  arguments: { name: string; description: string; choices: string[] | null; preset: unknown }[];
  options: {
    flags: string;
    description: string;
    choices: string[] | null;
    preset: unknown;
    hidden: boolean;
  }[];
  /** The text below the options. */
  more: string;
  commands: CommandDefinition[];
}

export function definitionOf(command: Command): CommandDefinition {
  return {
    name: command.name(),
    description: command.description(),
    usage: command.usage(),
    group: command.helpGroup(),
    arguments: command.registeredArguments.map((argument) => ({
      name: termOf(argument),
      description: argument.description,
      choices: argument.argChoices ?? null,
      preset: argument.defaultValue,
    })),
    options: command.options.map((option) => ({
      flags: option.flags,
      description: option.description,
      choices: option.argChoices ?? null,
      preset: option.defaultValue,
      hidden: option.hidden,
    })),
    more: textAfterHelp(command),
    commands: command.commands.map(definitionOf),
  };
}

/** A command for the list of commands. */
export function listedCommand({ name, description, usage, group }: CommandDefinition): Command {
  return new Command(name).description(description).usage(usage).helpGroup(group);
}

/** A command that has this help and does nothing. */
export function commandFrom(definition: CommandDefinition): Command {
  const command = listedCommand(definition);
  for (const { name, description, choices, preset } of definition.arguments) {
    const argument = new Argument(name, description);
    if (choices !== null) argument.choices(choices);
    if (preset !== undefined) argument.default(preset);
    command.addArgument(argument);
  }
  for (const { flags, description, choices, preset, hidden } of definition.options) {
    const option = new Option(flags, description).hideHelp(hidden);
    if (choices !== null) option.choices(choices);
    if (preset !== undefined) option.default(preset);
    command.addOption(option);
  }
  if (definition.more !== '') command.addHelpText('after', definition.more);
  for (const child of definition.commands) command.addCommand(commandFrom(child));
  return command;
}

function termOf(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? '...' : '');
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** The text that was passed to `addHelpText('after', …)`. */
function textAfterHelp(command: Command): string {
  let text = '';
  const write = (part: string) => {
    text += part;
  };
  // A command is an event emitter, which commander's types do not say.
  (command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write });
  return text.replace(/\n$/, '');
}
