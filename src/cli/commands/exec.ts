import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import type { Settings } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { tokenEnvironment } from '../../output/formats.ts';
import { toTokenOutput } from '../../output/token-output.ts';
import { environmentForExec } from '../../process/environments.ts';
import { type ExecOptions, execute, SpawnError } from '../../process/exec.ts';
import type { WatchedProgram } from '../../process/watched-program.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import type { KnownToken, TokenEvent } from '../../vault/tokens/watch-token.ts';
import { note, reportError, warn } from '../terminal/terminal.ts';
import { warnOfExpiry } from '../terminal/warn-of-expiry.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('exec')
    .description('Run a program with the token in its environment.')
    .usage('[options] <profile> -- <command> [arguments…]')
    .argument('<profile>')
    .argument('<command>', 'the program to run')
    .argument('[arguments...]', 'its arguments')
    .option('--allow-expired', 'use the token even if it has expired')
    .option('--watch', 'start the program again when the profile has a new token')
    .option(
      '--watch-signal <name>',
      'send the program this signal instead of restarting it; it has to fetch the new token itself',
      signalName,
    )
    .addHelpText(
      'after',
      `
Sets WEBEX_ACCESS_TOKEN, WEBEX_ORG_ID, WEBEX_SCIM_TENANT_URL and WEBEX_TOKEN_EXPIRES_AT, and removes
the secrets of webex-token itself, such as WEBEX_TOKEN_PASSPHRASE.
Exits with the program's own exit code, 127 if it is not found, or 128 + n if signal n ended it.

With --watch, the program gets SIGTERM, and SIGKILL ten seconds later. It starts again only after it has ended.
With --watch-signal, its environment keeps the previous token, so it has to run "webex-token get" when it gets
the signal. A signal that it does not handle ends it.

Examples:
  webex-token exec acme -- ./sync-users.sh
  webex-token exec acme --watch -- ./provisioning-service
  webex-token exec acme --watch-signal HUP -- ./provisioning-service`,
    )
    .action(exec);
}

interface ExecCommandOptions {
  allowExpired?: boolean;
  watch?: boolean;
  watchSignal?: NodeJS.Signals;
}

/** SIGKILL and SIGSTOP cannot be handled. */
function signalName(text: string): NodeJS.Signals {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const isKnown = Object.hasOwn(constants.signals, name) && !/^SIG(KILL|STOP)$/.test(name);
  if (isKnown && process.platform !== 'win32') return name as NodeJS.Signals;
  throw new InvalidArgumentError(
    process.platform === 'win32'
      ? 'Windows has no signals. Use --watch.'
      : 'Use the name of a signal that a program can handle, such as HUP or USR1.',
  );
}

async function exec(
  profile: string,
  program: string,
  args: string[],
  options: ExecCommandOptions,
): Promise<void> {
  const start = await readForExec(profile, options);
  const run = {
    command: program,
    args,
    environment: start.environment,
    terminal: [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY),
  };
  try {
    process.exitCode =
      options.watch || options.watchSignal !== undefined
        ? await executeAndWatch(run, start, options)
        : await execute(run);
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    reportError(error);
    process.exitCode = error.exitCode;
  }
}

interface ProgramStart {
  settings: Settings;
  known: KnownToken;
  environment: NodeJS.ProcessEnv;
}

/** Reads the current token of a profile, and closes the store: no key stays in memory while the program runs. */
async function readForExec(profile: string, { allowExpired }: ExecCommandOptions): Promise<ProgramStart> {
  return await withVault(async (vault, actor) => {
    const token = await readToken(vault, profile, actor, allowExpired);
    warnOfExpiry(vault, token);
    const { id: profileId, name } = token.profile;
    return {
      settings: vault.settings,
      known: { profileId, profile: name, tokenId: token.token.id },
      environment: { ...environmentForExec(), ...tokenEnvironment(toTokenOutput(vault, token)) },
    };
  });
}

/** Runs the program, and restarts it or sends it a signal when the profile has a new token. Returns its exit code. */
async function executeAndWatch(
  run: ExecOptions,
  start: ProgramStart,
  options: ExecCommandOptions,
): Promise<number> {
  // Not loaded without --watch.
  const [{ WatchedProgram }, { watchToken }] = await Promise.all([
    import('../../process/watched-program.ts'),
    import('../../vault/tokens/watch-token.ts'),
  ]);
  const program = new WatchedProgram(run);
  const watching = new AbortController();
  const follow = async () => {
    for await (const event of watchToken(start.settings, start.known, { signal: watching.signal })) {
      if (event.kind !== 'new-token') reportTokenEvent(event);
      else if (options.watchSignal !== undefined) program.signal(options.watchSignal);
      else await restart(program, event.profile, options, watching.signal);
    }
  };
  const followed = follow().catch(reportError);
  try {
    return await program.ended;
  } finally {
    watching.abort();
    await followed;
  }
}

/** How long to wait before trying to read the new token again after a failure. Milliseconds. */
const readAgainMs = 10_000;

/**
 * Starts the program again with the new token. The program continues with the previous token if the new one cannot be used,
 * for example because it has expired, and as long as the key or the store is unavailable.
 */
async function restart(
  program: WatchedProgram,
  profile: string,
  options: ExecCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; !signal.aborted && !program.isEnding; attempt += 1) {
    try {
      const { environment } = await readForExec(profile, options);
      if (signal.aborted || program.isEnding) return;
      note(`"${profile}" has a new token. Starting the program again.`);
      await program.restart(environment);
      return;
    } catch (error) {
      if (attempt === 1) {
        reportError(error);
        note('The program continues with the previous token.');
      }
      if (error instanceof BrokerError && /^E_(EXPIRED|REJECTED|NO_)/.test(error.code)) return;
      await sleep(readAgainMs, undefined, { signal }).catch(() => {});
    }
  }
}

function reportTokenEvent(event: Exclude<TokenEvent, { kind: 'new-token' }>): void {
  switch (event.kind) {
    case 'expired':
      warn(`The token of "${event.profile}" has expired. The program continues.`);
      break;
    case 'rejected':
      warn(`Webex rejects the token of "${event.profile}". The program continues.`);
      break;
    case 'no-token':
      warn(`"${event.profile}" no longer has a token. The program continues.`);
      break;
    case 'removed':
      warn(`The profile "${event.profile}" was removed. The program continues.`);
      break;
    case 'unreachable':
      warn('The store cannot be read, so new tokens are not detected. The program continues.');
      reportError(event.error);
      break;
    case 'reachable':
      note('The store can be read again.');
  }
}
