import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands, lastGroup } from '../../src/cli/commands/registry.ts';
import { asksForHelp } from '../../src/cli/help/asks-for-help.ts';
import { commandFrom, definitionOf } from '../../src/cli/help/definition.ts';
import { createProgram } from '../../src/cli/program.ts';

/** The definitions as the build writes them. */
const definitions = JSON.parse(JSON.stringify((await allCommands()).map(definitionOf)));

/** The help of a command and of all its subcommands, by the words of the command. */
function helpTexts(command: Command, columns: number, words = ''): [string, string][] {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => columns,
  });
  command.outputHelp();
  return [
    [words, text],
    ...command.commands.flatMap((child) => helpTexts(child, columns, `${words} ${child.name()}`)),
  ];
}

describe('the definitions of commands that the build writes', () => {
  it.each([40, 80, 120])('give the help of every command on %i columns', async (columns) => {
    const fromDefinitions = createProgram(definitions.map(commandFrom), lastGroup);
    const real = createProgram(await allCommands(), lastGroup);
    expect(helpTexts(fromDefinitions, columns)).toEqual(helpTexts(real, columns));
  });
});

describe('asksForHelp', () => {
  it.each([
    [],
    ['--help'],
    ['-h'],
    ['--version'],
    ['-V'],
    ['help'],
    ['help', 'get'],
    ['get', '--help'],
    ['client', 'add', '-h'],
  ])('recognizes %j', (...args: string[]) => {
    expect(asksForHelp(args, definitions)).toBe(true);
  });

  it.each([
    ['get', 'acme'],
    ['exec', 'acme', '--', 'curl', '--help'],
    ['exec', 'acme', '--help'],
    ['get', '--version'],
    ['help', 'nothing'],
    ['nothing', '--help'],
    ['--help', '--version', 'x'],
  ])('leaves %j to the whole program', (...args: string[]) => {
    expect(asksForHelp(args, definitions)).toBe(false);
  });
});
