import { BrokerError } from '../../errors/broker-error.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { capturePastedRedirect } from '../../vault/sign-in/capture-redirect.ts';
import { newSecret } from '../../vault/sign-in/secret-hashes.ts';
import { cancelSignIn, type SignInRequest, startSignIn } from '../../vault/sign-in/start-sign-in.ts';
import { type VerificationResult, verifyToken } from '../../vault/tokens/verify-token.ts';
import type { SignInOptions } from '../options/sign-in-options.ts';
import { readHiddenInput } from '../terminal/hidden-input.ts';
import { note, noteUnwrapped, readInputLine, reportError } from '../terminal/terminal.ts';
import { noOneSignedIn, signInInterrupted } from './sign-in.ts';

/**
 * Signs in with a browser on any computer: prints the Webex address, reads the redirect address that the user pastes, and
 * verifies the token. Needs no browser or server on this host. `stopped` ends the wait.
 *
 * On a terminal, the user can paste again after a wrong address; from a pipe, only one line is read. Throws the errors of
 * `capturePastedRedirect`, `E_INPUT`, `E_TIMEOUT` and `E_INTERRUPTED`. After an error, nothing remains of the sign-in.
 */
export async function signInByPaste(
  vault: Vault,
  request: SignInRequest,
  actor: Actor,
  stopped: Promise<void>,
  options: SignInOptions,
): Promise<VerificationResult> {
  // Only this command knows the secret, so no other program can finish the sign-in.
  const binding = newSecret();
  const { signInId, authorizeUrl } = await startSignIn(vault, request, binding);
  const wait = new PasteWait(stopped, options.timeout);
  try {
    const isTerminal = process.stdin.isTTY;
    // Reading starts before the prompt, so that the terminal never shows the pasted text.
    let line = isTerminal ? readHiddenInput(process.stdin, wait.signal) : readInputLine(wait.signal);
    note(
      'Open this address in a private window on any computer, and sign in to Webex as a full administrator:',
    );
    note('');
    noteUnwrapped(authorizeUrl);
    note('');
    note('Then copy the whole address of the page that you land on, even though the page shows an error.');
    note(
      isTerminal
        ? 'Paste it here and press Enter. The input is hidden.'
        : 'Write it to standard input, on one line.',
    );
    for (;;) {
      const text = await line;
      wait.assertWaiting();
      if (text === '') throw nothingPasted();
      try {
        const { tokenId } = await capturePastedRedirect(vault, text, binding, actor);
        return await verifyToken(vault, tokenId, actor, options.approve);
      } catch (error) {
        if (!isTerminal || !isWrongPaste(error)) throw error;
        line = readHiddenInput(process.stdin, wait.signal);
        reportError(error);
        note('The sign-in is still open. Paste the address and press Enter, or press Ctrl-C to cancel.');
      }
    }
  } finally {
    wait.end();
    await cancelSignIn(vault, signInId);
  }
}

/** Whether the text is not the response to this sign-in, so the right one can still follow. */
function isWrongPaste(error: unknown): boolean {
  return (
    error instanceof BrokerError &&
    /^E_(REDIRECT_|TOKEN_|ISSUER$|STATE_(MISSING|DOCUMENTED|UNKNOWN|WRONG_SESSION)$)/.test(error.code)
  );
}

function nothingPasted(): BrokerError {
  return new BrokerError('E_INPUT', 'No address was pasted. Nothing was stored.', {
    help: { text: 'Start again', command: ['login', 'PROFILE', '--paste'], only: 'terminal' },
  });
}

/** Waits for the user until time runs out or the command is stopped. */
class PasteWait {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #timeoutSeconds: number;
  #interrupted = false;

  constructor(stopped: Promise<void>, timeoutSeconds: number) {
    this.#timeoutSeconds = timeoutSeconds;
    this.#timer = setTimeout(() => this.#abort.abort(), timeoutSeconds * 1_000);
    void stopped.then(() => {
      this.#interrupted = true;
      this.#abort.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Throws `E_TIMEOUT` or `E_INTERRUPTED` once the wait is over. */
  assertWaiting(): void {
    if (this.#interrupted) throw signInInterrupted();
    if (this.signal.aborted) throw noOneSignedIn(this.#timeoutSeconds);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
