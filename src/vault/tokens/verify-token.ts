import type { Profile } from '../../domain/profile.ts';
import { isVerified, type ReviewReason, type Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { profileById } from '../../store/profiles/profiles.ts';
import { recordCheck } from '../../store/profiles/token-checks.ts';
import {
  type TokenChange,
  tokenById,
  tokenCiphertext,
  tokensOf,
  updateToken,
} from '../../store/profiles/tokens.ts';
import type { Db } from '../../store/store.ts';
import type { PersonAnswer } from '../../webex/api/people-me.ts';
import type { Actor, Vault } from '../context.ts';
import { activateToken } from './activate-token.ts';

/**
 * What the check of a new token led to. `current`, `unverified` and `rejected` are the profile's current token: an
 * `unverified` one because Webex could not be asked, a `rejected` one because there was no other to protect.
 * `waiting` is still pending: Webex could not be asked, and the profile has a verified token. `superseded` is good,
 * but a newer verified token is in use.
 */
export type VerificationResult =
  | { outcome: 'current'; token: Token; profile: Profile }
  | { outcome: 'unverified'; token: Token; profile: Profile; why: { message: string; help: string } }
  | { outcome: 'waiting'; token: Token; profile: Profile; why: { message: string; help: string } }
  | { outcome: 'superseded'; token: Token; profile: Profile }
  | { outcome: 'rejected'; token: Token; profile: Profile }
  | { outcome: 'set-aside'; reason: ReviewReason; token: Token; profile: Profile };

/**
 * Asks Webex whose a stored token is, and makes it current, or sets it aside for the person to decide.
 * A token is never lost here. Where Webex cannot be asked it stays pending while the profile has a verified token,
 * else it becomes current, marked as unverified. A token that is no longer `pending` is left as it is. `accept` makes
 * it current whatever was found, unless it belongs to the other deployment.
 */
export async function verifyToken(
  vault: Vault,
  tokenId: string,
  actor: Actor,
  accept = false,
): Promise<VerificationResult> {
  const pending = await requireToken(vault.db, tokenId);
  const profile = await profileById(vault.db, pending.profileId);
  if (pending.state !== 'pending') return alreadyVerified(pending, profile);

  const value = await vault.keys.open(await tokenCiphertext(vault.db, tokenId), {
    tokenId,
    profileId: profile.id,
  });
  const webex = vault.webex[profile.deployment];
  const person = await webex.whoAmI(value);
  const expiry = person.outcome === 'person' ? await webex.tokenExpiry(value) : null;
  const change = verifiedFields(vault, pending, person, expiry?.expiresAt ?? null);

  await vault.db.transaction().execute(async (trx) => {
    const token = await requireToken(trx, tokenId);
    if (token.state !== 'pending') return;
    const at = vault.now();
    const now = await profileById(trx, profile.id);
    const { outcome, next } = judge(person, now, token, await tokensOf(trx, profile.id), at, accept);
    await updateToken(trx, tokenId, change);
    if (next === 'current') await activateToken(trx, await requireToken(trx, tokenId));
    else if (next !== 'pending') await updateToken(trx, tokenId, next);
    else await recordCheck(trx, tokenId, { now: at, nextAt: at, failures: 1, outcome });
    await appendAudit(trx, at, { action: 'verify', outcome, profile: now.name, ...actor });
  });

  return resultOf(await requireToken(vault.db, tokenId), await profileById(vault.db, profile.id), person);
}

/** What a check led to, with why Webex could not tell, where it could not. */
export function resultOf(token: Token, profile: Profile, person: PersonAnswer): VerificationResult {
  const settled = alreadyVerified(token, profile);
  return (settled.outcome === 'unverified' || settled.outcome === 'waiting') && person.outcome === 'unknown'
    ? { ...settled, why: { message: person.message, help: person.help } }
    : settled;
}

/** Throws `E_NO_TOKEN`. */
export async function requireToken(db: Db, id: string): Promise<Token> {
  const token = await tokenById(db, id);
  if (token !== null) return token;
  throw new BrokerError('E_NO_TOKEN', 'The token was removed before it was checked.');
}

/** What became of a token, by what is stored of it. */
export function alreadyVerified(token: Token, profile: Profile): VerificationResult {
  if (token.state === 'set-aside') {
    return { outcome: 'set-aside', reason: token.reviewReason ?? 'rejected', token, profile };
  }
  const message = 'Webex could not be asked about this token yet.';
  if (token.state === 'pending') {
    const help = 'It is kept. The running server verifies it as soon as Webex answers.';
    return { outcome: 'waiting', token, profile, why: { message, help } };
  }
  if (token.rejectedAt !== null) return { outcome: 'rejected', token, profile };
  if (token.state === 'earlier') return { outcome: 'superseded', token, profile };
  if (token.verifiedAt !== null) return { outcome: 'current', token, profile };
  const why = { message, help: 'It is kept, and can be used. "webex-token test" asks again.' };
  return { outcome: 'unverified', token, profile, why };
}

/** What Webex's answers tell of the token, whatever becomes of it. */
function verifiedFields(
  vault: Vault,
  token: Token,
  person: PersonAnswer,
  confirmedExpiry: number | null,
): TokenChange {
  if (person.outcome === 'rejected') return { rejectedAt: vault.now() };
  if (person.outcome === 'unknown') return {};
  const { id, displayName, emails, orgId, admin } = person.person;
  return {
    account: { id, displayName, email: emails[0] ?? null, orgId, admin },
    verifiedAt: vault.now(),
    rejectedAt: null,
    ...(confirmedExpiry !== null && { lifetimes: { ...token.lifetimes, confirmed: confirmedExpiry } }),
  };
}

interface Judgement {
  /** For the audit log. */
  outcome: string;
  /** What becomes of the token. */
  next: 'current' | 'pending' | Pick<TokenChange, 'state' | 'reviewReason'>;
}

/** What becomes of a pending token after Webex's answer: nothing better than it is replaced. */
function judge(
  person: PersonAnswer,
  profile: Profile,
  token: Token,
  tokens: Token[],
  now: number,
  accept: boolean,
): Judgement {
  const objection = reviewReasonFor(person, profile, token, tokens);
  const unknown = person.outcome === 'unknown' ? person.reason : null;
  const outcome = objection ?? (unknown === null ? 'ok' : `unverified: ${unknown}`);
  if (objection === 'other-deployment' || (objection !== null && !accept)) {
    return { outcome, next: { state: 'set-aside', reviewReason: objection } };
  }
  const current = tokens.find(({ state }) => state === 'current');
  if (accept || current === undefined || !isVerified(current, now)) return { outcome, next: 'current' };
  if (unknown !== null) return { outcome: `waiting: ${unknown}`, next: 'pending' };
  // It waited while a newer one came in.
  return { outcome, next: current.capturedAt > token.capturedAt ? { state: 'earlier' } : 'current' };
}

/** Why a token should not become current without the person's word; null where nothing speaks against it. */
function reviewReasonFor(
  person: PersonAnswer,
  profile: Profile,
  token: Token,
  tokens: Token[],
): ReviewReason | null {
  if (person.outcome === 'unknown') {
    if (person.reason === 'other-deployment') return person.reason;
    // Webex cannot be asked, but a token of the usual form names its organization itself.
    return isOfAnother(token.orgId, profile) ? 'other-organization' : null;
  }
  if (person.outcome === 'rejected') {
    // With no token to protect, a rejected one is shown for what it is rather than hidden.
    return tokens.some(({ state }) => state === 'current') ? 'rejected' : null;
  }
  const { orgId, admin } = person.person;
  if (isOfAnother(orgId, profile)) return 'other-organization';
  return admin === 'other' || admin === 'none' ? 'not-full-admin' : null;
}

function isOfAnother(orgId: string | null, profile: Profile): boolean {
  return orgId !== null && profile.orgId !== null && orgId !== profile.orgId;
}
