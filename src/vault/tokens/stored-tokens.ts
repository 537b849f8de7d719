import { expiryOf } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { deleteToken, tokenById } from '../../store/profiles/tokens.ts';
import { instant } from '../../text/instant.ts';
import { otherDeployment } from '../../webex/sign-in/access-token.ts';
import type { Actor, StoreContext, Vault } from '../context.ts';
import { requireProfile } from '../profiles/profiles.ts';
import { activateToken } from './activate-token.ts';
import { getNewToken } from './token-remedies.ts';
import { decryptForWebex, queryWebex, recordVerdict, type WebexVerdict } from './webex-verification.ts';
import { wrongDeployment } from './wrong-deployment.ts';

/**
 * Makes one of a profile's tokens its current one on request. Verifies it with Webex first and stores the result. If Webex
 * cannot be reached, the token's stored data decides. Nothing changes if it is already current.
 *
 * Throws `E_NO_PROFILE`, `E_NO_TOKEN`, `E_REJECTED`, `E_EXPIRED`, `E_OTHER_DEPLOYMENT`, `E_INTEGRITY`.
 */
export async function activateStoredToken(
  vault: Vault,
  name: string,
  tokenId: string,
  actor: Actor,
): Promise<void> {
  const { profile, token } = await requireTokenOf(vault, name, tokenId);
  const value = await decryptForWebex(vault, token);
  if (otherDeployment(value, profile.deployment) !== null) throw wrongDeployment(profile);
  const answer = await queryWebex(vault, profile, value);
  const { error, activated } = await vault.db
    .transaction()
    .execute((trx) => activate({ ...vault, db: trx }, profile.name, tokenId, answer, actor));
  if (activated) vault.renewals.announce(profile.id);
  if (error !== null) throw error;
}

/** Runs within a transaction that stores the verification result even if the token cannot be activated. */
async function activate(
  context: StoreContext,
  name: string,
  tokenId: string,
  answer: WebexVerdict,
  actor: Actor,
): Promise<{ error: BrokerError | null; activated: boolean }> {
  const { db, now } = context;
  const at = now();
  await recordVerdict(db, tokenId, answer, at);
  const token = await tokenById(db, tokenId);
  if (token === null) return { error: noSuchToken(name), activated: false };
  if (token.state === 'current') return { error: null, activated: false };
  const error = activationError(name, token, at);
  if (error === null) await activateToken(context, db, token);
  const outcome = error?.code.toLowerCase().replace(/^e_/, '') ?? 'ok';
  await appendAudit(db, at, { action: 'activate', outcome, profile: name, ...actor });
  return { error, activated: error === null };
}

function activationError(name: string, { rejectedAt, lifetimes }: Token, now: number): BrokerError | null {
  const help = getNewToken(name);
  if (rejectedAt !== null) {
    const message = `Webex has rejected this token since ${instant(rejectedAt)}.`;
    return new BrokerError('E_REJECTED', message, { help });
  }
  const { expiresAt } = expiryOf(lifetimes);
  if (expiresAt > now) return null;
  const message = `This token expired on ${instant(expiresAt)}.`;
  return new BrokerError('E_EXPIRED', message, { help });
}

/**
 * Deletes one of a profile's tokens from the store, in any state. Webex still accepts it.
 * Throws `E_NO_PROFILE`, `E_NO_TOKEN`.
 */
export async function removeToken(
  vault: Pick<Vault, 'db' | 'now'>,
  name: string,
  tokenId: string,
  actor: Actor,
): Promise<void> {
  await requireTokenOf(vault, name, tokenId);
  await vault.db.transaction().execute(async (trx) => {
    await deleteToken(trx, tokenId);
    await appendAudit(trx, vault.now(), { action: 'remove-token', outcome: 'ok', profile: name, ...actor });
  });
}

/** A profile's token by its ID. Throws `E_NO_PROFILE`, `E_NO_TOKEN`. */
export async function requireTokenOf(
  vault: Pick<Vault, 'db'>,
  name: string,
  tokenId: string,
): Promise<{ profile: Profile; token: Token }> {
  const profile = await requireProfile(vault, name);
  const token = await tokenById(vault.db, tokenId);
  if (token?.profileId === profile.id) return { profile, token };
  throw noSuchToken(name);
}

function noSuchToken(name: string): BrokerError {
  return new BrokerError('E_NO_TOKEN', `The profile "${name}" has no token with this ID.`, {
    help: { text: 'To list its tokens with their IDs', command: ['token', 'list', name] },
  });
}
