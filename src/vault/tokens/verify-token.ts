import { type Assessment, assessToken } from '../../domain/assess-token.ts';
import type { Profile } from '../../domain/profile.ts';
import type { ReviewReason, Token } from '../../domain/token.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { profileById } from '../../store/profiles/profiles.ts';
import { recordCheck } from '../../store/profiles/token-checks.ts';
import { type TokenChange, tokenById, tokensOf, updateToken } from '../../store/profiles/tokens.ts';
import type { PersonResult } from '../../webex/api/people-me.ts';
import type { Actor, Vault } from '../context.ts';
import { clockDifference } from '../integrity/clock-check.ts';
import { activateToken } from './activate-token.ts';
import {
  accountOf,
  captureCorrection,
  decryptForWebex,
  queryWebex,
  type WebexVerdict,
} from './webex-verification.ts';

/**
 * The result of verifying a new token. `current`: it is the profile's current token. `unverified`: it is current, but Webex
 * could not be reached. `rejected`: Webex rejects it, but it is current because the profile had no other token. `waiting`: it
 * stays pending, because Webex could not be reached and the profile has a verified token. `superseded`: Webex accepts it, but
 * the profile has a newer verified token.
 */
export type VerificationResult =
  | { outcome: 'current'; token: Token; profile: Profile }
  | { outcome: 'unverified'; token: Token; profile: Profile; why: { message: string; help: string } }
  | { outcome: 'waiting'; token: Token; profile: Profile; why: { message: string; help: string } }
  | { outcome: 'superseded'; token: Token; profile: Profile }
  | { outcome: 'rejected'; token: Token; profile: Profile }
  | { outcome: 'needs-review'; reason: ReviewReason; token: Token; profile: Profile };

/**
 * Verifies a pending token with Webex, and makes it current or marks it for review. A token that is no longer pending
 * keeps its state. No token is ever deleted here.
 *
 * If Webex cannot be reached, the token stays pending while the profile has a verified token; otherwise it becomes current
 * without verification. `approved` makes it current whatever the result is, unless it belongs to the other deployment.
 */
export async function verifyToken(
  vault: Vault,
  tokenId: string,
  actor: Actor,
  approved = false,
): Promise<VerificationResult> {
  const pending = await requireToken(vault.db, tokenId);
  const profile = await profileById(vault.db, pending.profileId);
  if (pending.state !== 'pending') return storedResult(pending, profile);

  const verdict = await queryWebex(vault, profile, await decryptForWebex(vault, pending));
  const answer = verdict.person;

  let activated = false;
  await vault.db.transaction().execute(async (trx) => {
    activated = false;
    const token = await requireToken(trx, tokenId);
    if (token.state !== 'pending') return;
    const now = vault.now();
    const profileNow = await profileById(trx, profile.id);
    const tokens = await tokensOf(trx, profile.id);
    const assessment = assessToken({ result: answer, profile: profileNow, token, tokens, approved, now });
    const outcome = auditOutcome(answer, assessment);
    await updateToken(trx, tokenId, verifiedFields(verdict, token, now));
    if (assessment.state === 'current') {
      await activateToken(vault, trx, await requireToken(trx, tokenId));
      activated = true;
    } else if (assessment.state === 'pending') {
      await recordCheck(trx, tokenId, { now, nextAt: now, failures: 1, outcome });
    } else {
      const { state, reviewReason } = assessment;
      await updateToken(trx, tokenId, { state, reviewReason });
    }
    await appendAudit(trx, now, { action: 'verify', outcome, profile: profileNow.name, ...actor });
  });
  if (activated) vault.renewals.announce(profile.id);

  return resultOf(await requireToken(vault.db, tokenId), await profileById(vault.db, profile.id), answer);
}

function auditOutcome(answer: PersonResult, { state, reviewReason, warnings }: Assessment): string {
  const reason = reviewReason ?? warnings[0];
  if (reason !== undefined) return reason;
  if (answer.outcome !== 'unknown') return answer.outcome === 'rejected' ? 'rejected' : 'ok';
  return `${state === 'pending' ? 'waiting' : 'unverified'}: ${answer.reason}`;
}

/** The result for a stored token, with the reason if Webex did not respond. */
export function resultOf(token: Token, profile: Profile, answer: PersonResult): VerificationResult {
  const result = storedResult(token, profile);
  return 'why' in result && answer.outcome === 'unknown'
    ? { ...result, why: { message: answer.message, help: answer.help } }
    : result;
}

/** Throws `E_NO_TOKEN`. */
export async function requireToken(db: Db, id: string): Promise<Token> {
  const token = await tokenById(db, id);
  if (token !== null) return token;
  throw new BrokerError('E_NO_TOKEN', 'The token was removed before it was verified.');
}

/** The result of an earlier verification, from the store. */
export function storedResult(token: Token, profile: Profile): VerificationResult {
  if (token.state === 'needs-review') {
    return { outcome: 'needs-review', reason: token.reviewReason ?? 'rejected', token, profile };
  }
  const message = 'This token has not been verified with Webex yet.';
  if (token.state === 'pending') {
    const help = 'It is stored. The running server verifies it as soon as Webex responds.';
    return { outcome: 'waiting', token, profile, why: { message, help } };
  }
  if (token.rejectedAt !== null) return { outcome: 'rejected', token, profile };
  if (token.state === 'previous') return { outcome: 'superseded', token, profile };
  if (token.verifiedAt !== null) return { outcome: 'current', token, profile };
  const why = { message, help: 'It is stored and can be used. The running server verifies it once a day.' };
  return { outcome: 'unverified', token, profile, why };
}

/** The columns that the verification changes, independent of the token's new state. */
function verifiedFields({ person, confirmedExpiry }: WebexVerdict, token: Token, now: number): TokenChange {
  if (person.outcome === 'rejected') return { rejectedAt: now };
  if (person.outcome === 'unknown') return {};
  const corrected = captureCorrection(token, person, now);
  const clockWarning = clockDifference(person.webexTime, now);
  return {
    ...(clockWarning !== null && { warnings: [...token.warnings, clockWarning] }),
    account: accountOf(person.person),
    verifiedAt: now,
    rejectedAt: null,
    ...corrected,
    ...(confirmedExpiry !== null && {
      lifetimes: { ...(corrected?.lifetimes ?? token.lifetimes), confirmed: confirmedExpiry },
    }),
  };
}
