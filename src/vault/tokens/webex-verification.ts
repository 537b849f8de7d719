import { expiryOf, type Lifetimes } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { profileById, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { type TokenChange, tokenById, tokenCiphertext, updateToken } from '../../store/profiles/tokens.ts';
import type { Db } from '../../store/store.ts';
import type { PersonAnswer } from '../../webex/api/people-me.ts';
import type { Vault } from '../context.ts';

/** What Webex says of a token that is in use. */
export interface WebexVerdict {
  person: PersonAnswer;
  /** Its own date for the token's end, where it gives one. Epoch milliseconds. */
  confirmedExpiry: number | null;
}

/** A token's value, for Webex alone. */
export async function decryptForWebex(vault: Vault, token: Pick<Token, 'id' | 'profileId'>): Promise<string> {
  const { id: tokenId, profileId } = token;
  return await vault.keys.open(await tokenCiphertext(vault.db, tokenId), { tokenId, profileId });
}

/** Asks Webex whose the token is, and if it is anybody's, until when it lives. */
export async function queryWebex(vault: Vault, profile: Profile, value: string): Promise<WebexVerdict> {
  const webex = vault.webex[profile.deployment];
  const person = await webex.whoAmI(value);
  const expiry = person.outcome === 'person' ? await webex.tokenExpiry(value) : null;
  return { person, confirmedExpiry: expiry?.expiresAt ?? null };
}

/** The answer in a word, for the log: `ok`, `rejected`, what is wrong with it, or why there was none. */
export function outcomeCode({ person }: WebexVerdict, profile: Profile): string {
  if (person.outcome === 'rejected') return 'rejected';
  if (person.outcome === 'unknown') return person.reason;
  if (profile.orgId !== null && person.person.orgId !== profile.orgId) return 'other-organization';
  return ['other', 'none'].includes(person.person.admin) ? 'not-full-admin' : 'ok';
}

/**
 * Takes note of the answer, within the caller's transaction: rejected since now (a rejection that is known keeps its
 * date), or accepted again, and what it says of account and lifetime. Returns what that changed for the person.
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
  const { id, displayName, emails, orgId, admin } = answer.person.person;
  await updateToken(trx, tokenId, {
    account: { id, displayName, email: emails[0] ?? null, orgId, admin },
    verifiedAt: now,
    ...(token.rejectedAt !== null && { rejectedAt: null }),
    ...lifetimeChange(token, answer.confirmedExpiry, now),
  });
  const profile = await profileById(trx, token.profileId);
  if (profile.orgId === null) await setProfileOrganization(trx, profile.id, orgId);
  return token.rejectedAt === null ? null : 'accepted-again';
}

/** Only where the instant to act on moves, or a first confirmation comes: reminders begin anew with it. */
function lifetimeChange(token: Token, confirmed: number | null, now: number): Pick<TokenChange, 'lifetimes'> {
  const lifetimes: Lifetimes = {
    ...token.lifetimes,
    confirmed: confirmed ?? token.lifetimes.confirmed,
    acceptedAt: now,
  };
  const before = expiryOf(token.lifetimes);
  const after = expiryOf(lifetimes);
  const same = before.expiresAt === after.expiresAt && before.source === after.source;
  return same ? {} : { lifetimes };
}
