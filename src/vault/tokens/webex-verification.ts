import { clockToleranceMs, correctedCapture, expiryOf, type Lifetimes } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Account, Token } from '../../domain/token.ts';
import type { Db } from '../../store/db.ts';
import { profileById, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { type TokenChange, tokenById, tokenCiphertext, updateToken } from '../../store/profiles/tokens.ts';
import type { Person, PersonResult } from '../../webex/api/people-me.ts';
import type { Vault } from '../context.ts';

/** What Webex reports about a token. */
export interface WebexVerdict {
  person: PersonResult;
  /** The expiry that Webex confirms; null if it does not. Epoch milliseconds. */
  confirmedExpiry: number | null;
}

/** Decrypts a token only to send it to Webex. No audit row is written. */
export async function decryptForWebex(vault: Vault, token: Pick<Token, 'id' | 'profileId'>): Promise<string> {
  const { id: tokenId, profileId } = token;
  return await vault.keys.open(await tokenCiphertext(vault.db, tokenId), { tokenId, profileId });
}

/** Requests the token's account from Webex and, if Webex accepts the token, its expiry date. */
export async function queryWebex(vault: Vault, profile: Profile, value: string): Promise<WebexVerdict> {
  const webex = vault.webex[profile.deployment];
  const person = await webex.whoAmI(value);
  const expiry = person.outcome === 'person' ? await webex.tokenExpiry(value) : null;
  return { person, confirmedExpiry: expiry?.expiresAt ?? null };
}

/** The account of a token, as Webex reported it. */
export function accountOf({ id, displayName, emails, orgId, admin }: Person): Account {
  return { id, displayName, email: emails[0] ?? null, orgId, admin };
}

/**
 * Stores the result, within the caller's transaction: account, expiry date, and whether the token is rejected or accepted
 * again. A token that was already rejected keeps the date of the first rejection. Returns the change that people should know.
 */
export async function recordVerdict(
  trx: Db,
  tokenId: string,
  answer: WebexVerdict,
  now: number,
): Promise<'rejected' | 'accepted-again' | null> {
  const token = await tokenById(trx, tokenId);
  if (token === null || answer.person.outcome === 'unknown') return null;
  if (answer.person.outcome === 'rejected') {
    if (token.rejectedAt !== null) return null;
    await updateToken(trx, tokenId, { rejectedAt: now });
    return 'rejected';
  }
  const account = accountOf(answer.person.person);
  await updateToken(trx, tokenId, {
    account,
    verifiedAt: now,
    ...(token.rejectedAt !== null && { rejectedAt: null }),
    ...lifetimeChange(token, answer, now),
  });
  const profile = await profileById(trx, token.profileId);
  if (profile.orgId === null) await setProfileOrganization(trx, profile.id, account.orgId);
  return token.rejectedAt === null ? null : 'accepted-again';
}

/** The new expiry, only if it or its source changed, because a change makes every reminder due again. */
function lifetimeChange(
  token: Token,
  verdict: WebexVerdict,
  now: number,
): Pick<TokenChange, 'capturedAt' | 'lifetimes'> {
  const corrected = captureCorrection(token, verdict.person, now);
  const { confirmed } = token.lifetimes;
  const lifetimes: Lifetimes = {
    ...(corrected ?? token).lifetimes,
    confirmed: verdict.confirmedExpiry ?? confirmed,
    acceptedAt: now,
  };
  const before = expiryOf(token.lifetimes);
  const after = expiryOf(lifetimes);
  const same = before.expiresAt === after.expiresAt && before.source === after.source;
  return same && corrected === null ? {} : { ...corrected, lifetimes };
}

/**
 * Corrects a token that was captured while this machine's clock was ahead: otherwise its reminders would come too late. Only if
 * Webex's clock confirms this machine's, which may have been set back instead.
 */
export function captureCorrection(
  token: Token,
  person: PersonResult,
  now: number,
): ReturnType<typeof correctedCapture> {
  const { webexTime = null } = person.outcome === 'person' ? person : {};
  if (webexTime === null || Math.abs(webexTime - now) > clockToleranceMs) return null;
  return correctedCapture(token, now);
}
