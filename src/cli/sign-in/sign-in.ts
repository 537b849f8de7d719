import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerError } from '../../errors/broker-error.ts';
import { findRunningInstance } from '../../instance/instance-file.ts';
import { type RunningServer, startWebServer } from '../../server/web-server.ts';
import { signInById } from '../../store/access/sign-ins.ts';
import { lastCheck } from '../../store/profiles/token-checks.ts';
import { tokenById } from '../../store/profiles/tokens.ts';
import { plural } from '../../text/count.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { createSignInLink, type SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import { approveToken } from '../../vault/tokens/review-token.ts';
import { type VerificationResult, verifyToken } from '../../vault/tokens/verify-token.ts';
import type { SignInOptions } from '../options/sign-in-options.ts';
import { createLog } from '../terminal/log.ts';
import { note } from '../terminal/terminal.ts';
import { chooseBrowser, openBrowser, willOpen } from './browser.ts';
import { linkTo } from './links.ts';
import { noteSshTunnel } from './ssh-tunnel.ts';

/** How often to check that the running server is still there. Milliseconds. */
const attachEveryMs = 2_000;

/** The server that receives the redirect: the running one, or else one that this command runs while it waits. */
export class SignInServer {
  readonly #vault: Vault;
  #own: RunningServer | null = null;
  /** On the clock of `performance.now()`. */
  #askedAt = 0;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Finds the running server, or starts one. */
  async start(): Promise<Pick<RunningServer, 'port'>> {
    if (this.#own !== null) return this.#own;
    this.#askedAt = performance.now();
    const { home } = this.#vault.settings;
    const running = await findRunningInstance(home);
    if (running !== null) return running;
    try {
      this.#own = await startWebServer(this.#vault, createLog('warn'));
      return this.#own;
    } catch (error) {
      // It was too busy to respond before, or another process has started it since.
      const isRunning = error instanceof BrokerError && error.code === 'E_RUNNING';
      const other = isRunning ? await findRunningInstance(home) : null;
      if (other === null) throw error;
      return other;
    }
  }

  /** Replaces the server if it was stopped. Does nothing if the server is only slow, because it still has its port. */
  async attach(): Promise<void> {
    if (this.#own === null && performance.now() - this.#askedAt >= attachEveryMs)
      await this.start().catch(() => {});
  }

  async close(): Promise<void> {
    // The browser may still be loading the page with the result.
    await this.#own?.waitUntilIdle();
    await this.#own?.close();
  }
}

/** How often to check the store for the result, which another process may write. Milliseconds. */
const pollMs = 200;

/** How long to wait for the server that captured the token to verify it. Milliseconds. */
const checkTimeoutMs = 30_000;

/**
 * Prints the sign-in link, waits for the token, and verifies it. `stopped` ends the wait.
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
  const signInId = await printSignInLink(vault, request, await server.start(), options.open);
  const tokenId = await waitForCapture(vault, signInId, server, stopped, options.timeout);
  return await waitForVerification(vault, tokenId, actor, options.approve ?? false);
}

async function printSignInLink(
  vault: Vault,
  request: SignInRequest,
  server: Pick<RunningServer, 'port'>,
  mayOpen: boolean,
): Promise<string> {
  const browser = await chooseBrowser(mayOpen);
  const { signInId, link: path } = await createSignInLink(vault, request, {
    sameUserOnly: willOpen(browser),
  });
  const link = linkTo(`/sign-in/${path}`, server);
  note(
    'Open this link in a private browser window and sign in to Webex as a full administrator. It works once, for ten minutes:',
  );
  note(`\n${link}\n`);
  const { opened, why } = await openBrowser(browser, link);
  if (opened) note('It is open in a private window. Waiting for you to sign in …');
  else {
    if (why !== null) note(`${why} Open the link in a private window.`);
    noteSshTunnel(server, ['login', request.profile, '--paste']);
  }
  return signInId;
}

/** Returns the ID of the captured token. Throws if the sign-in fails. */
async function waitForCapture(
  vault: Vault,
  signInId: string,
  server: SignInServer,
  stopped: Promise<void>,
  timeoutSeconds: number,
): Promise<string> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  let interrupted = false;
  void stopped.then(() => {
    interrupted = true;
  });
  while (performance.now() < deadline && !interrupted) {
    const signIn = await signInById(vault.db, signInId);
    if (signIn?.error) throw new BrokerError('E_SIGN_IN_FAILED', signIn.error.message);
    if (signIn?.tokenId) return signIn.tokenId;
    await sleep(pollMs);
    await server.attach();
  }
  throw interrupted ? signInInterrupted() : noOneSignedIn(timeoutSeconds);
}

export function signInInterrupted(): BrokerError {
  return new BrokerError('E_INTERRUPTED', 'Canceled before anyone signed in. Nothing was stored.');
}

export function noOneSignedIn(timeoutSeconds: number): BrokerError {
  const message = `No one signed in within ${plural(timeoutSeconds, 'second')}. Nothing was stored.`;
  return new BrokerError('E_TIMEOUT', message, {
    help: {
      text: 'Try again, with more time if needed',
      command: ['login', 'NAME', '--timeout', 'SECONDS'],
      only: 'terminal',
    },
  });
}

/** Waits for the server that captured the token to verify it. Verifies it here if that server stopped. */
async function waitForVerification(
  vault: Vault,
  tokenId: string,
  actor: Actor,
  accept: boolean,
): Promise<VerificationResult> {
  const deadline = performance.now() + checkTimeoutMs;
  const unchecked = async () =>
    (await tokenById(vault.db, tokenId))?.state === 'pending' &&
    (await lastCheck(vault.db, tokenId))?.checkedAt === null;
  while (performance.now() < deadline && (await unchecked())) await sleep(pollMs);
  if (accept) await approveToken(vault, tokenId, actor);
  return await verifyToken(vault, tokenId, actor, accept);
}
