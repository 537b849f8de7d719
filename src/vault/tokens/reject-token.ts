import { appendAudit } from '../../store/audit/audit.ts';
import { profileById } from '../../store/profiles/profiles.ts';
import { tokenById } from '../../store/profiles/tokens.ts';
import type { Vault } from '../context.ts';
import { decryptForWebex, queryWebex, recordVerdict, type WebexVerdict } from './webex-verification.ts';

/**
 * The meaning of a 401 from the SCIM service. `rejected`: the token is rejected from now on. `known`: it was already rejected.
 * `accepted`: other Webex services accept it. `gone`: someone removed or replaced it in the meantime.
 */
export type Rejection = 'rejected' | 'known' | 'accepted' | 'gone';

/**
 * Determines what a 401 from Webex's SCIM service means for a token, by requesting the token's account from Webex, and stores
 * the result. The token counts as rejected if Webex rejects it again or cannot be reached. It stays in use if Webex accepts it.
 */
export async function recordUnauthorized(vault: Vault, tokenId: string): Promise<Rejection> {
  const token = await tokenById(vault.db, tokenId);
  if (token === null || token.state !== 'current') return 'gone';
  if (token.rejectedAt !== null) return 'known';
  const profile = await profileById(vault.db, token.profileId);
  const answer = await queryWebex(vault, profile, await decryptForWebex(vault, token));
  const accepted = answer.person.outcome === 'person';
  const verdict: WebexVerdict =
    answer.person.outcome === 'unknown' ? { person: rejectedByScim, confirmedExpiry: null } : answer;
  await vault.db.transaction().execute(async (trx) => {
    if ((await tokenById(trx, tokenId)) === null) return;
    await recordVerdict(trx, tokenId, verdict, vault.now());
    const outcome = accepted ? 'ok' : 'rejected';
    await appendAudit(trx, vault.now(), { action: 'check', outcome, profile: profile.name });
  });
  return accepted ? 'accepted' : 'rejected';
}

const rejectedByScim: WebexVerdict['person'] = {
  outcome: 'rejected',
  message: 'Webex’s SCIM service does not accept the token (401).',
  help: 'Sign in again to get a new token.',
  trackingId: null,
};
