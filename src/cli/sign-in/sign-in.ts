import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../../errors/broker-error.ts';
import { findRunningInstance } from '../../instance/instance-file.ts';
import { type RunningServer, startWebServer } from '../../server/web-server.ts';
import { signInById } from '../../store/access/sign-ins.ts';
import { lastCheck } from '../../store/profiles/token-checks.ts';
import { tokenById } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { createSignInLink, type SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import { approveToken } from '../../vault/tokens/review-token.ts';
import { type VerificationResult, verifyToken } from '../../vault/tokens/verify-token.ts';
import type { SignInOptions } from '../options/sign-in-options.ts';
import { createLog } from '../terminal/log.ts';
import { note } from '../terminal/terminal.ts';
import { chooseBrowser, openBrowser, willOpen } from './browser.ts';
import { linkTo } from './links.ts';

/** How often the server that ran is asked whether it still does. Milliseconds. */
const keepEveryMs = 2_000;

/** Where the browser comes back to: the server that runs, else one of our own for as long as it is needed. */
export class SignInServer {
  readonly #vault: Vault;
  #own: RunningServer | null = null;
  #askedAt = 0;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** The server that serves. */
  async ensure(): Promise<Pick<RunningServer, 'port'>> {
    if (this.#own !== null) return this.#own;
    this.#askedAt = Date.now();
    const running = await findRunningInstance(this.#vault.settings.home);
    if (running !== null) return running;
    this.#own = await startWebServer(this.#vault, createLog('warn'));
    return this.#own;
  }

  /** Takes the place of the server that ran, where it was stopped. One that is only slow keeps its port, which is as well. */
  async attach(): Promise<void> {
    if (this.#own === null && Date.now() - this.#askedAt >= keepEveryMs) await this.ensure().catch(() => {});
  }

  async close(): Promise<void> {
    // The browser is still on its way to the page that says what became of the token.
    await this.#own?.waitUntilIdle();
    await this.#own?.close();
  }
}

/** How often the store is asked whether the sign-in has ended: another process may be the one that ends it. */
const pollMs = 200;

/** How long the server that captured a token may take to check it, before this command does. Milliseconds. */
const checkTimeoutMs = 30_000;

/**
 * Invites a person to sign in, waits until the token is there, and checks it. `stopped` ends the waiting.
 * Throws `E_SIGN_IN_FAILED`, `E_TIMEOUT`, `E_INTERRUPTED`.
 */
export async function signIn(
  vault: Vault,
  request: SignInRequest,
  actor: Actor,
  server: SignInServer,
  stopped: Promise<void>,
  options: SignInOptions,
): Promise<VerificationResult> {
  const signInId = await inviteToSignIn(vault, request, await server.ensure(), options.open);
  const tokenId = await untilCaptured(vault, signInId, server, stopped, options.timeout);
  return await untilSettled(vault, tokenId, actor, options.approve ?? false);
}

async function inviteToSignIn(
  vault: Vault,
  request: SignInRequest,
  server: Pick<RunningServer, 'port'>,
  mayOpen: boolean,
): Promise<string> {
  const browser = await chooseBrowser(mayOpen);
  const { signInId, link: path } = await createSignInLink(vault, request, { ownUserOnly: willOpen(browser) });
  const link = linkTo(`/sign-in/${path}`, server);
  note(
    'Sign in to Webex as a full administrator, in a private window. The link works once, within ten minutes:',
  );
  note(`\n${link}\n`);
  const { opened, why } = await openBrowser(browser, link);
  if (opened) note('It was opened in a private window of your browser. Waiting for you to sign in …');
  else if (why !== null) note(`${why} Open the link in a private window.`);
  return signInId;
}

/** The ID of the token that the sign-in brought. Throws what ended it otherwise. */
async function untilCaptured(
  vault: Vault,
  signInId: string,
  server: SignInServer,
  stopped: Promise<void>,
  timeoutSeconds: number,
): Promise<string> {
  const deadline = Date.now() + timeoutSeconds * 1000;
  let interrupted = false;
  void stopped.then(() => {
    interrupted = true;
  });
  while (Date.now() < deadline && !interrupted) {
    const signIn = await signInById(vault.db, signInId);
    if (signIn?.error) throw new BrokerError('E_SIGN_IN_FAILED', signIn.error.message);
    if (signIn?.tokenId) return signIn.tokenId;
    await sleep(pollMs);
    await server.attach();
  }
  if (interrupted)
    throw new BrokerError('E_INTERRUPTED', 'Stopped before anybody signed in. Nothing was stored.');
  throw new BrokerError(
    'E_TIMEOUT',
    `Nobody signed in within ${timeoutSeconds} seconds. Nothing was stored.`,
    {
      help: 'Try again, with more time if needed: --timeout SECONDS',
    },
  );
}

/** Leaves the check to the server that captured the token, and makes it here where that server went away. */
async function untilSettled(
  vault: Vault,
  tokenId: string,
  actor: Actor,
  accept: boolean,
): Promise<VerificationResult> {
  const deadline = Date.now() + checkTimeoutMs;
  const unchecked = async () =>
    (await tokenById(vault.db, tokenId))?.state === 'pending' &&
    (await lastCheck(vault.db, tokenId))?.checkedAt === null;
  while (Date.now() < deadline && (await unchecked())) await sleep(pollMs);
  if (accept) await approveToken(vault, tokenId, actor);
  return await verifyToken(vault, tokenId, actor, accept);
}
