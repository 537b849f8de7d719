import { Command, CommanderError } from 'commander';
import { BrokerError } from '../errors/broker-error.ts';
import { states } from '../monitoring/nagios.ts';
import { type Caller, rememberCaller } from '../process/caller.ts';
import { redactTokens, stripTerminalControls } from '../text/sanitize.ts';
import { allCommands, lastGroup, loadCommand } from './commands/registry.ts';
import { exitCodeOf } from './exit-codes.ts';
import { wantsColor } from './terminal/color.ts';
import { writeMessage, writeResult } from './terminal/output.ts';
import { reportError } from './terminal/terminal.ts';
import { wrapFor } from './terminal/wrap.ts';
import { warnOfMisspelledVariables } from './warn-of-variables.ts';

/** Runs one command line and sets the process's exit code. */
export async function main(argv: string[], caller: Caller): Promise<void> {
  rememberCaller(caller);
  // A monitoring system would take any other code for a result of the check.
  const codeOf = commandNameIn(argv) === 'check' ? () => states.UNKNOWN : exitCodeOf;
  // Node would print the line of code that failed, and everything that the error holds.
  process.on('uncaughtException', (error) => {
    reportError(error);
    process.exit(codeOf(error));
  });
  try {
    const program = await createProgram(argv);
    await program.parseAsync(argv);
  } catch (error) {
    const isCommander = error instanceof CommanderError;
    // Commander has printed its message already. Help and version are no failures.
    if (isCommander && error.exitCode === 0) return;
    if (!isCommander) reportError(error);
    process.exitCode = codeOf(isCommander ? new BrokerError('E_USAGE', error.message) : error);
  }
  exitDespiteFullPipe();
}

/** Unread output on standard error keeps the process alive for at most this long. Milliseconds. */
const unreadOutputWaitMs = 1_000;

function exitDespiteFullPipe(): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), unreadOutputWaitMs).unref();
}

/** The name of the command, or empty. */
function commandNameIn(argv: readonly string[]): string {
  return argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
}

async function createProgram(argv: string[]): Promise<Command> {
  const requested = await loadCommand(commandNameIn(argv));
  const program = new Command('webex-token')
    .description('Get, store and renew the Webex SCIM token for Entra ID and Okta.')
    .usage('<command> [options]')
    .version((await import('./version.ts')).version, '-V, --version', 'print the version')
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
      // Full terms would leave no room for the descriptions.
      subcommandTerm: (command) => command.name(),
      minWidthToWrap: 20,
    })
    .configureOutput({
      writeOut: (text) => writeResult(wrapFor(process.stdout, text)),
      writeErr: (text) => writeMessage(wrapFor(process.stderr, text)),
      getOutHasColors: () => wantsColor(process.stdout),
      getErrHasColors: () => wantsColor(process.stderr),
      // The text repeats what was typed, which may be a token in the wrong place.
      outputError: (text, write) =>
        write(redactTokens(stripTerminalControls(text)).replace(/^error: ./, usageError)),
    })
    .hook('preAction', () => warnOfMisspelledVariables())
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token serve\n  webex-token login acme\n  webex-token get acme\n\nMore: webex-token help COMMAND',
    );
  program.exitOverride();
  for (const command of requested === null ? await allCommands() : [requested]) {
    program.addCommand(inheritSettings(command, program));
  }
  return program;
}

/** "error: unknown …" of commander as "webex-token: Unknown …", like every other error. */
function usageError(start: string): string {
  return `webex-token: ${start.slice('error: '.length).toUpperCase()}`;
}

function inheritSettings(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  if (command.options.every(({ long }) => long !== '--help')) command.helpOption('-h, --help', 'show help');
  for (const child of command.commands) inheritSettings(child, program);
  return command;
}
