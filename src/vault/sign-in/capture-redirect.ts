import { BrokerError } from '../../errors/broker-error.ts';
import { consumeSignIn, type SignIn, signInByState } from '../../store/access/sign-ins.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { findProfile } from '../../store/profiles/profiles.ts';
import { documentedState } from '../../webex/documented-values.ts';
import { explainError } from '../../webex/sign-in/oauth-errors.ts';
import { parsePastedToken } from '../../webex/sign-in/parse-pasted-token.ts';
import { type ErrorRedirect, parseRedirect, type Redirect } from '../../webex/sign-in/redirect.ts';
import type { Actor, Vault } from '../context.ts';
import { assertIssuer } from './issuer.ts';
import { hashSecret } from './secret-hashes.ts';
import { storeToken } from './store-token.ts';

/** A state as `newSecret` makes it, at the start of a text. */
const ownState = /^[\w-]{43}/;

export interface CaptureResult {
  tokenId: string;
  signInId: string;
}

/**
 * Stores the token of a redirect durably. The token is verified later. The state is checked first and used up last, in the
 * transaction that stores the token, so that a forged redirect does not use it up. `sessionBinding` is the secret of the browser
 * session that received the redirect; null if there is none.
 *
 * Throws `E_STATE_*` for a redirect that does not belong to a sign-in of this session, `E_ISSUER` if it comes from the other
 * ID broker, and `E_SIGN_IN_FAILED` if Webex responded with an error.
 */
export async function captureRedirect(
  vault: Vault,
  fragment: string,
  sessionBinding: string | null,
  actor: Actor,
): Promise<CaptureResult> {
  return await capture(vault, () => parseRedirect(fragment), sessionBinding, actor);
}

/**
 * The same for a redirect that a person pastes because the browser that signed in cannot reach this host. Tolerates characters
 * that copying may add. A token without a `state` is rejected, because it is not known whose sign-in it comes from.
 */
export async function capturePastedRedirect(
  vault: Vault,
  text: string,
  sessionBinding: string,
  actor: Actor,
): Promise<CaptureResult> {
  try {
    return await capture(vault, () => parsePasted(text), sessionBinding, actor);
  } catch (error) {
    throw error instanceof BrokerError ? withPasteHelp(error) : error;
  }
}

/** The name of the existing profile that a redirect's sign-in was meant to renew; null if there is none. */
export async function profileToRenew({ db }: Pick<Vault, 'db'>, fragment: string): Promise<string | null> {
  const { state } = parseRedirect(fragment);
  const signIn = state === null ? null : await signInByState(db, hashSecret(state));
  return signIn === null ? null : ((await findProfile(db, signIn.profileName))?.name ?? null);
}

/** Throws `E_SIGN_IN_FAILED` for an error without a `state`: it ends no sign-in, but the person has to see it. */
function parsePasted(text: string): Redirect {
  const { redirect } = parsePastedToken(text);
  const state = redirect.state === null ? null : stateIn(redirect.state);
  if (redirect.kind !== 'error' || state !== null) return { ...redirect, state };
  const { message, help } = explainError(redirect.error, redirect.description);
  throw new BrokerError('E_SIGN_IN_FAILED', message, { help });
}

/** The state is the last parameter, so text that was copied with the address, such as the end of an email, follows it. */
function stateIn(text: string): string {
  if (text.startsWith(documentedState)) return documentedState;
  return ownState.exec(text)?.[0] ?? text;
}

async function capture(
  vault: Vault,
  parse: () => Redirect,
  sessionBinding: string | null,
  actor: Actor,
): Promise<CaptureResult> {
  try {
    const redirect = parse();
    const signIn = await expectedSignIn(vault, redirect.state, sessionBinding);
    assertIssuer(vault, redirect.issuer, signIn.deployment);
    if (redirect.kind === 'error') throw await endWithError(vault, signIn, redirect, actor);

    const store = async (trx: Db) => {
      const id = await storeToken(vault, trx, signIn, redirect, 'sign-in');
      if (!(await consumeSignIn(trx, signIn.id, vault.now(), { tokenId: id }))) throw stateUsed();
      await appendAudit(trx, vault.now(), {
        action: 'capture',
        outcome: 'ok',
        profile: signIn.profileName,
        ...actor,
      });
      return id;
    };
    vault.receivedInTime.add(signIn.id);
    const tokenId = await vault.db.transaction().execute(store);
    vault.receivedInTime.delete(signIn.id);
    return { tokenId, signInId: signIn.id };
  } catch (error) {
    if (error instanceof BrokerError && !/^E_(SIGN_IN_FAILED|STORE|KEY|INTEGRITY)/.test(error.code)) {
      const outcome = error.code.toLowerCase().replace(/^e_/, '');
      await vault.rejectedCallbacks.record({ action: 'capture', outcome, ...actor });
    }
    throw error;
  }
}

async function expectedSignIn(
  vault: Vault,
  state: string | null,
  sessionBinding: string | null,
): Promise<SignIn> {
  if (state === null) {
    throw new BrokerError(
      'E_STATE_MISSING',
      'The redirect has no `state` parameter, so it cannot be matched to a sign-in.',
      {
        help: 'Start the sign-in in this program.',
      },
    );
  }
  if (state === documentedState) {
    throw new BrokerError(
      'E_STATE_DOCUMENTED',
      'This redirect comes from the URL in the published guides. Its `state` parameter is the same for everyone, so it does not show who started the sign-in.',
      {
        help: 'Start the sign-in in this program.',
      },
    );
  }
  const signIn = await signInByState(vault.db, hashSecret(state));
  if (signIn === null) {
    throw new BrokerError(
      'E_STATE_UNKNOWN',
      'Unknown sign-in: the `state` parameter does not match any sign-in of this server.',
      {
        help: 'Start the sign-in again.',
      },
    );
  }
  if (sessionBinding === null || hashSecret(sessionBinding) !== signIn.sessionBindingHash) {
    throw new BrokerError('E_STATE_WRONG_SESSION', 'The sign-in was started in another browser session.', {
      help: 'Finish it in the browser window in which you started it, or start again.',
    });
  }
  if (signIn.consumedAt !== null) throw stateUsed();
  if (signIn.expiresAt <= vault.now() && !vault.receivedInTime.has(signIn.id)) {
    throw new BrokerError('E_STATE_EXPIRED', 'The sign-in took longer than ten minutes.', {
      help: 'Start the sign-in again. If it was faster, check this machine’s clock.',
    });
  }
  return signIn;
}

const pasteAgain = 'Copy the whole address of the page that you see after you sign in, and paste it again.';

/** Adds help for a person who pasted a redirect with the wrong `state`: the sign-in still waits for the right one. */
function withPasteHelp(error: BrokerError): BrokerError {
  switch (error.code) {
    case 'E_STATE_MISSING':
    case 'E_STATE_DOCUMENTED':
      return new BrokerError(error.code, error.message, {
        help: [
          pasteAgain,
          {
            text: 'To store a token that does not come from this sign-in',
            command: ['import', 'PROFILE'],
            link: { label: 'Import a token', path: '/import' },
          },
        ],
      });
    case 'E_STATE_UNKNOWN':
    case 'E_STATE_WRONG_SESSION':
      return new BrokerError(
        error.code,
        'This address belongs to another sign-in: its `state` does not match this sign-in.',
        {
          help: 'Open the address that is shown here, sign in there, and paste the address of the page that you land on.',
        },
      );
    default:
      return error;
  }
}

function stateUsed(): BrokerError {
  return new BrokerError('E_STATE_USED', 'The token of this redirect is already stored.', {
    help: 'If you went back or reloaded the page, nothing is wrong. Otherwise start the sign-in again.',
  });
}

async function endWithError(
  vault: Vault,
  signIn: SignIn,
  redirect: ErrorRedirect,
  actor: Actor,
): Promise<BrokerError> {
  const { message, help } = explainError(redirect.error, redirect.description);
  await vault.db.transaction().execute(async (trx) => {
    const now = vault.now();
    const error = { code: redirect.error, message: `${message} ${help}` };
    if (!(await consumeSignIn(trx, signIn.id, now, { error }))) throw stateUsed();
    const outcome = redirect.error;
    await appendAudit(trx, now, { action: 'capture', outcome, profile: signIn.profileName, ...actor });
  });
  return new BrokerError('E_SIGN_IN_FAILED', message, { help });
}
