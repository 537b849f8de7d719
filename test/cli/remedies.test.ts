import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../src/cli/commands/registry.ts';
import { errorCodes } from '../../src/errors/error-codes.ts';

const commands = await allCommands();
const root = join(import.meta.dirname, '../..');

/** Why `webex-token WORDS…` is not a command; null if it is one. Words in upper case are placeholders. */
function faultOf(words: readonly string[]): string | null {
  let level: readonly Command[] = commands;
  let found: Command | null = null;
  for (const word of words) {
    if (word === '--') return null;
    if (word === '--help') continue;
    if (word.startsWith('--')) {
      if (found === null || !found.options.some(({ long }) => long === word)) return `has no option ${word}`;
      continue;
    }
    const child = level.find((each) => each.name() === word);
    if (child !== undefined) {
      found = child;
      level = child.commands;
    } else if (found === null && word !== 'COMMAND') return `has no command ${word}`;
    else if (level.length === 0 || found === null || found.registeredArguments.length > 0) level = [];
    // A placeholder for one of the subcommands, such as the provider: their options are the same.
    else if (/^[A-Z]+$/.test(word)) found = level[0] ?? null;
    else return `has no subcommand ${word}`;
  }
  return null;
}

describe('a command in a remedy', () => {
  it.each([
    [['login', 'NAME', '--org-id', 'ID'], null],
    [['key', 'rotate', '--to', 'KIND'], null],
    [['keys', 'status'], 'has no command keys'],
    [['key', 'rotation'], 'has no subcommand rotation'],
    [['get', 'NAME', '--expired'], 'has no option --expired'],
  ])('is checked against the commands: %j', (words, fault) => {
    expect(faultOf(words)).toBe(fault);
  });

  it('exists, with its options, in the table of error codes', () => {
    const faults = Object.entries(errorCodes).flatMap(([code, { remedies }]) =>
      remedies.flatMap(({ command = [] }) => {
        const fault = faultOf(command);
        return fault === null ? [] : [`${code}: ${command.join(' ')} ${fault}`];
      }),
    );
    expect(faults).toEqual([]);
  });

  it('exists, with its options, wherever the code names one', () => {
    const files = globSync('src/**/*.ts', { cwd: root }).filter((path) => !path.includes('default-browser'));
    const faults = files.flatMap((path) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(/\bcommand: \[([^\]]*)\]/g)].flatMap(
        ([, list = '']) => {
          // An expression stands for a name or an ID.
          const words = list.split(',').flatMap((each) => {
            const literal = /^\s*'([^']*)'\s*$/.exec(each);
            return each.trim() === '' || each.includes('...') ? [] : [literal?.[1] ?? 'NAME'];
          });
          const fault = faultOf(words);
          return fault === null ? [] : [`${path}: ${words.join(' ')} ${fault}`];
        },
      ),
    );
    expect(faults).toEqual([]);
  });

  it('is not written as plain text in the table of error codes', () => {
    const texts = Object.values(errorCodes).flatMap(({ remedies }) => remedies.map(({ text }) => text));
    expect(texts.filter((text) => /webex-token [a-z]| --[a-z]/.test(text))).toEqual([]);
  });
});
