import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { allCommands, lastGroup } from '../../src/cli/commands/registry.ts';
import { createProgram } from '../../src/cli/program.ts';
import { commandsIn, examples } from '../support/docs/examples.ts';

const program = createProgram(await allCommands(), lastGroup);
doNothing(program);

const shells = ['sh', 'bash', 'console', 'powershell'];

/** A sentence or a picture may name a command without its arguments. */
const fineInSentence = ['commander.missingArgument', 'commander.optionMissingArgument', 'commander.help'];

/** Parses the arguments as the program does, but runs no command. */
function doNothing(command: Command): void {
  const silent = () => {};
  command.configureOutput({ writeOut: silent, writeErr: silent, outputError: silent });
  if (command.commands.length === 0) command.action(silent);
  for (const child of command.commands) doNothing(child);
}

/** Why the program would refuse these arguments; null if it would not. */
async function faultOf(words: string[], inSentence: boolean): Promise<string | null> {
  try {
    await program.parseAsync(words, { from: 'user' });
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (['commander.helpDisplayed', 'commander.version'].includes(error.code)) return null;
    if (inSentence && fineInSentence.includes(error.code)) return null;
    // A placeholder for one of several words.
    if (/invalidArgument|unknownCommand/.test(error.code) && /'[A-Z]+'/.test(error.message)) return null;
    return error.message;
  }
}

describe('a command in a document', () => {
  it.each([
    [['get', 'acme', '--format', 'env'], false, null],
    [['get', 'acme', '--format', 'FORMAT'], false, null],
    [['list', '--expired'], false, expect.stringContaining('unknown option')],
    [['lists'], false, expect.stringContaining('unknown command')],
    [['show'], true, null],
    [['show'], false, expect.stringContaining('missing required argument')],
    [['get', 'acme', '--format', 'xml'], false, expect.stringContaining('Allowed choices')],
  ])('is parsed as the program parses it: %j', async (words, inSentence, fault) => {
    expect(await faultOf(words, inSentence)).toEqual(fault);
  });

  it.each([
    ['npx webex-token list    # all', [['list']]],
    ['a=$(webex-token get acme) && b', [['get', 'acme']]],
    ['webex-token rename acme "Acme Corp" | cat', [['rename', 'acme', 'Acme Corp']]],
    [
      'webex-token client add ci \\\n  --profile acme\nwebex-token list',
      [['client', 'add', 'ci', '--profile', 'acme'], ['list']],
    ],
  ])('is found: %s', (text, commands) => {
    expect(commandsIn(text)).toEqual(commands);
  });

  it('is one that this version accepts', async () => {
    const faults: string[] = [];
    let count = 0;
    for (const { document, line, language, text } of examples()) {
      for (const words of commandsIn(text)) {
        // A line that describes how a command is used.
        if (words.some((word) => /^[[<]|…/.test(word)) || /webex-token [^\n]*[[<]\w+/.test(text)) continue;
        count += 1;
        const fault = await faultOf(words, !shells.includes(language ?? ''));
        if (fault !== null) faults.push(`${document}:${line} webex-token ${words.join(' ')}: ${fault}`);
      }
    }
    expect(faults).toEqual([]);
    expect(count).toBeGreaterThan(150);
  });
});
