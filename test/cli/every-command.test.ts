import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands, lastGroup } from '../../src/cli/commands/registry.ts';
import { createProgram } from '../../src/cli/program.ts';
import { wrap } from '../../src/cli/terminal/wrap.ts';

/*
 * Rules for every command. A new command has to be in one of the lists below.
 */

/** What a command does for the person who runs it. */
const kinds = {
  /** Prints a report, also as JSON. */
  report: [
    'test',
    'client list',
    'status',
    'list',
    'show',
    'token list',
    'check',
    'remind',
    'renew status',
    'schedule status',
    'doctor',
    'log',
    'key status',
  ],
  /** Prints a result in its own form, or runs until it is stopped. */
  other: ['serve', 'open', 'get', 'exec', 'copy', 'profile export', 'calendar', 'completion', 'key request'],
  /** Changes something, and suggests the next command on a terminal. */
  change: [
    'login',
    'import',
    'renew start',
    'renew continue',
    'renew skip',
    'renew finish',
    'push entra',
    'push okta',
    'client add',
    'client rotate',
    'client remove',
    'token activate',
    'token remove',
    'rename',
    'remove',
    'profile set',
    'profile import',
    'schedule install',
    'schedule remove',
    'key rotate',
    'key add',
    'key remove',
    'backup',
    'restore',
    'store copy',
  ],
};

/** Deletes something that no other command brings back. */
const destructive = ['client remove', 'token remove', 'remove', 'restore', 'key remove', 'log'];

const all = await allCommands();

function leavesOf(command: Command, before = ''): [name: string, command: Command][] {
  const name = `${before}${command.name()}`;
  if (command.commands.length === 0) return [[name, command]];
  return command.commands.flatMap((each) => leavesOf(each, `${name} `));
}

const leaves = all.flatMap((command) => leavesOf(command));

const root = join(import.meta.dirname, '../..');
const files = globSync('src/cli/{commands,push}/*.ts', { cwd: root });

/** The source of a command, with the modules of src/cli that it shares with others. */
function sourceOf(name: string): string {
  const [first = ''] = name.split(' ');
  return files
    .filter((file) => basename(file, '.ts') === first || basename(file, '.ts') === name.replace(' ', '-'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
}

const hasOption = (command: Command, long: string) => command.options.some((option) => option.long === long);

/** The help of a command and of its subcommands, as a terminal of this width shows it. */
function helpOn(columns: number): Map<string, string> {
  const texts = new Map<string, string>();
  const program = createProgram(all, lastGroup);
  const add = (command: Command, name: string) => {
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += wrap(part, columns);
      },
      getOutHelpWidth: () => columns,
      getOutHasColors: () => false,
    });
    command.outputHelp();
    texts.set(name, text);
    for (const child of command.commands) add(child, `${name} ${child.name()}`.trim());
  };
  add(program, '');
  return texts;
}

describe('every command', () => {
  it('is in one of the lists above', () => {
    expect(Object.values(kinds).flat().sort()).toEqual(leaves.map(([name]) => name).sort());
  });

  it('has a description in the imperative, and an example', () => {
    for (const [name, command] of leaves) {
      expect(command.description(), name).toMatch(/^[A-Z][a-z]+ .*\.$/);
      expect(command.description().split(' ')[0], name).not.toMatch(/(s|ing|ed)$/);
    }
  });

  it('has a help that breaks lines between words only, from 40 columns on', () => {
    const wide = helpOn(10_000);
    for (const columns of [40, 60, 80, 120]) {
      for (const [name, text] of helpOn(columns)) {
        const words = new Set((wide.get(name) ?? '').split(/\s+/));
        for (const line of text.split('\n')) {
          // A line is longer only if it is one word, such as an address.
          if (line.length > columns) expect([name, line.trim().split(/\s+/).length]).toEqual([name, 1]);
          for (const word of line.split(/\s+/))
            expect([name, columns, words.has(word)]).toEqual([name, columns, true]);
        }
      }
    }
  });

  it('prints JSON if it reports something', () => {
    for (const [name, command] of leaves) {
      if (kinds.report.includes(name)) expect([name, hasOption(command, '--json')]).toEqual([name, true]);
    }
  });

  it('suggests the next command if it changes something', () => {
    const missing = kinds.change.filter(
      (name) => !/\b(suggestNext|pushToDestinations)\(/.test(sourceOf(name)),
    );
    expect(missing).toEqual([]);
  });

  it('asks before it deletes, and takes --yes', () => {
    for (const [name, command] of leaves) {
      const deletes = /\b(remove|delete|restore)$/.test(name) && name !== 'schedule remove';
      expect([name, hasOption(command, '--yes')]).toEqual([name, deletes || destructive.includes(name)]);
      if (hasOption(command, '--yes')) expect(sourceOf(name), name).toContain('confirmDestructive(');
    }
  });

  it('shows local time to a person: only JSON has RFC 3339', () => {
    for (const file of files) {
      const source = readFileSync(join(root, file), 'utf8');
      expect([file, /toISOString|toUTCString|toLocaleString\((?!'en')/.test(source)]).toEqual([file, false]);
    }
  });
});
