import { BrokerError } from '../../errors/broker-error.ts';
import { consumeSignIn, type SignIn, signInByState } from '../../store/access/sign-ins.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { documentedState } from '../../webex/documented-values.ts';
import { explainError } from '../../webex/sign-in/oauth-errors.ts';
import { type ErrorRedirect, parseRedirect } from '../../webex/sign-in/redirect.ts';
import type { Actor, Vault } from '../context.ts';
import { assertIssuer } from './issuer.ts';
import { hashSecret } from './secret-hashes.ts';
import { storeToken } from './store-token.ts';

export interface CaptureResult {
  tokenId: string;
  signInId: string;
}

/**
 * Takes what the ID broker sent the browser back with, and stores the token durably and unchecked.
 * The state is looked at first and used up last, in the transaction that stores the token: a bogus answer
 * uses up nothing. `binding` is the secret of the browser session that brings it, null where there is none.
 *
 * Throws `E_STATE_*` for an answer that was not asked for here, `E_ISSUER` where it comes from the other ID broker,
 * `E_SIGN_IN_FAILED` where Webex answered an error.
 */
export async function captureRedirect(
  vault: Vault,
  fragment: string,
  sessionBinding: string | null,
  actor: Actor,
): Promise<CaptureResult> {
  try {
    const redirect = parseRedirect(fragment);
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
    throw new BrokerError('E_STATE_MISSING', 'The answer does not say which sign-in it belongs to.', {
      help: 'Start over from here: the sign-in has to begin in this program.',
    });
  }
  if (state === documentedState) {
    throw new BrokerError(
      'E_STATE_DOCUMENTED',
      'This answer belongs to the address in the guides, which is the same for everybody, so nobody can tell who asked for it.',
      {
        help: 'Start over from here; it takes one more sign-in, and then the answer can be told from anybody else’s.',
      },
    );
  }
  const signIn = await signInByState(vault.db, hashSecret(state));
  if (signIn === null) {
    throw new BrokerError('E_STATE_UNKNOWN', 'This answer belongs to no sign-in that was begun here.', {
      help: 'Start over from here.',
    });
  }
  if (sessionBinding === null || hashSecret(sessionBinding) !== signIn.sessionBindingHash) {
    throw new BrokerError('E_STATE_WRONG_SESSION', 'The sign-in was begun in another browser window.', {
      help: 'Finish it in the window where it was begun, or start over from here.',
    });
  }
  if (signIn.consumedAt !== null) throw stateUsed();
  if (signIn.expiresAt <= vault.now() && !vault.receivedInTime.has(signIn.id)) {
    throw new BrokerError('E_STATE_EXPIRED', 'The sign-in took longer than ten minutes.', {
      help: 'Start over from here.',
    });
  }
  return signIn;
}

function stateUsed(): BrokerError {
  return new BrokerError('E_STATE_USED', 'This answer was taken already.', {
    help: 'If you went back or loaded the page again, all is well. Otherwise start over from here.',
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
