import { Command } from 'commander';
import { redactTokens, stripTerminalControls } from '../text/sanitize.ts';
import { wantsColor } from './terminal/color.ts';
import { writeMessage, writeResult } from './terminal/output.ts';
import { type OutputStream, standardError, standardOutput } from './terminal/standard-streams.ts';
import { wrapFor } from './terminal/wrap.ts';
import { version } from './version.ts';

/** The program with these commands. `lastGroup` is the heading under which `help` itself is listed. */
export function createProgram(commands: readonly Command[], lastGroup: string): Command {
  const program = new Command('webex-token')
    .description('Get, store and renew the Webex SCIM token for Entra ID and Okta.')
    .usage('<command> [options]')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .description('Show help for a command.')
        .helpOption(false)
        .helpGroup(lastGroup),
    )
    .showSuggestionAfterError()
    .configureHelp({
      showGlobalOptions: false,
      // Full terms would leave no space for the descriptions.
      subcommandTerm: (command) => command.name(),
      minWidthToWrap: 20,
    })
    .configureOutput({
      writeOut: (text) => writeResult(wrapFor(standardOutput(), text)),
      writeErr: (text) => writeMessage(wrapFor(standardError(), text)),
      getOutHelpWidth: () => widthOf(standardOutput()),
      getErrHelpWidth: () => widthOf(standardError()),
      getOutHasColors: () => wantsColor(standardOutput()),
      getErrHasColors: () => wantsColor(standardError()),
      // The text repeats the user's input, which may contain a token in the wrong place.
      outputError: (text, write) =>
        write(redactTokens(stripTerminalControls(text)).replace(/^error: ./, usageError)),
    })
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token serve\n  webex-token login acme\n  webex-token get acme\n\nMore: webex-token help COMMAND',
    );
  program.exitOverride();
  for (const command of commands) program.addCommand(inheritSettings(command, program));
  return program;
}

/** The width for a stream that is not a terminal. */
const defaultColumns = 80;

/** commander's own functions access Node's streams, which are slow to load. */
function widthOf({ isTTY, columns }: OutputStream): number {
  return (isTTY && columns) || defaultColumns;
}

/** Turns commander's "error: unknown …" into "webex-token: Unknown …", like every other error. */
function usageError(start: string): string {
  return `webex-token: ${start.slice('error: '.length).toUpperCase()}`;
}

function inheritSettings(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  if (command.options.every(({ long }) => long !== '--help')) command.helpOption('-h, --help', 'show help');
  for (const child of command.commands) inheritSettings(child, program);
  return command;
}
