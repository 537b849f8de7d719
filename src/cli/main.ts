import { Command, CommanderError } from 'commander';
import { BrokerError } from '../errors/broker-error.ts';
import { states } from '../monitoring/nagios.ts';
import { type Caller, rememberCaller } from '../process/caller.ts';
import { redactTokens, stripTerminalControls } from '../text/sanitize.ts';
import { exitCodeOf } from './exit-codes.ts';
import { wantsColor } from './terminal/color.ts';
import { writeMessage, writeResult } from './terminal/output.ts';
import { reportError } from './terminal/terminal.ts';

/** Every command is a file of its own, and only the one that was asked for is loaded. */
const commands: Record<string, () => Promise<{ command: () => Command }>> = {
  serve: () => import('./commands/serve.ts'),
  open: () => import('./commands/open.ts'),
  login: () => import('./commands/login.ts'),
  import: () => import('./commands/import.ts'),
  list: () => import('./commands/list.ts'),
  show: () => import('./commands/show.ts'),
  token: () => import('./commands/token.ts'),
  get: () => import('./commands/get.ts'),
  exec: () => import('./commands/exec.ts'),
  copy: () => import('./commands/copy.ts'),
  client: () => import('./commands/client.ts'),
  log: () => import('./commands/log.ts'),
  completion: () => import('./commands/completion.ts'),
  test: () => import('./commands/test.ts'),
  check: () => import('./commands/check.ts'),
  remind: () => import('./commands/remind.ts'),
  calendar: () => import('./commands/calendar.ts'),
  schedule: () => import('./commands/schedule.ts'),
  push: () => import('./commands/push.ts'),
  remove: () => import('./commands/remove.ts'),
  rename: () => import('./commands/rename.ts'),
  profile: () => import('./commands/profile.ts'),
  store: () => import('./commands/store.ts'),
  round: () => import('./commands/renew.ts'),
  key: () => import('./commands/key.ts'),
  backup: () => import('./commands/backup.ts'),
  restore: () => import('./commands/restore.ts'),
  doctor: () => import('./commands/doctor.ts'),
};

/** Runs one command line and sets the process's exit code. */
export async function main(argv: string[], caller: Caller): Promise<void> {
  rememberCaller(caller);
  // A monitoring system takes any other code for a finding.
  const codeOf = askedFor(argv) === 'check' ? () => states.UNKNOWN : exitCodeOf;
  // Node's own words would show the line of code that failed, and whatever the error has in it.
  process.on('uncaughtException', (error) => {
    reportError(error);
    process.exit(codeOf(error));
  });
  try {
    const program = await programFor(argv);
    await program.parseAsync(argv);
  } catch (error) {
    const isCommander = error instanceof CommanderError;
    // Its own message was printed already; help and version end well.
    if (isCommander && error.exitCode === 0) return;
    if (!isCommander) reportError(error);
    process.exitCode = codeOf(isCommander ? new BrokerError('E_USAGE', error.message) : error);
  }
  endDespiteFullPipe();
}

/** What nobody reads from standard error keeps the program alive: for so long at most. Milliseconds. */
const lastWordsMs = 1_000;

function endDespiteFullPipe(): void {
  if (process.stderr.writableLength > 0) setTimeout(() => process.exit(), lastWordsMs).unref();
}

/** The name of the command, or empty. */
function askedFor(argv: readonly string[]): string {
  return argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
}

/** Every command there is. Loading them all takes a while. */
export async function allCommands(): Promise<Command[]> {
  return await Promise.all(Object.values(commands).map(async (load) => (await load()).command()));
}

async function programFor(argv: string[]): Promise<Command> {
  const asked = askedFor(argv);
  const names = Object.hasOwn(commands, asked) ? [asked] : Object.keys(commands);
  const program = new Command('webex-token')
    .description('Fetches, keeps and hands over the bearer token that provisions Webex users over SCIM.')
    .version((await import('./version.ts')).version)
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    // What was typed comes back in them, and may be a token in the wrong place.
    .configureOutput({
      writeOut: writeResult,
      writeErr: writeMessage,
      getOutHasColors: () => wantsColor(process.stdout),
      getErrHasColors: () => wantsColor(process.stderr),
      outputError: (text, write) => write(redactTokens(stripTerminalControls(text))),
    })
    .addHelpText(
      'after',
      '\nStart with:\n  webex-token serve          the web app: everything by mouse\n  webex-token login acme     sign in and store a token as "acme"\n  webex-token get acme       print it',
    );
  program.exitOverride();
  for (const name of names) {
    const module = await commands[name]?.();
    if (module !== undefined) program.addCommand(inherit(module.command(), program));
  }
  return program;
}

function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const child of command.commands) inherit(child, program);
  return command;
}
