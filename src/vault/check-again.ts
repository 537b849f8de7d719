import { appendAudit } from '../store/audit.ts';
import { profileById } from '../store/profiles.ts';
import { tokenById } from '../store/tokens.ts';
import { answerOutcome, askWebex, openForWebex, recordAnswer } from './ask-webex.ts';
import { requireToken, type Settled, settledAs, settleToken } from './settle.ts';
import type { Actor, Vault } from './vault.ts';

/**
 * Asks Webex once more about a token that it could not be asked about when it was captured, and keeps what it says. A
 * token in use stays so, whatever the answer: that is for the person to judge. Throws `E_NO_TOKEN`.
 */
export async function checkAgain(vault: Vault, tokenId: string, actor: Actor): Promise<Settled> {
  const token = await requireToken(vault.db, tokenId);
  if (token.state === 'pending') return await settleToken(vault, tokenId, actor);
  const profile = await profileById(vault.db, token.profileId);
  const answer = await askWebex(vault, profile, await openForWebex(vault, token));
  await vault.db.transaction().execute(async (trx) => {
    // It may have been removed meanwhile.
    if ((await tokenById(trx, tokenId)) === null) return;
    await recordAnswer(trx, tokenId, answer, vault.now());
    const outcome = answerOutcome(answer, profile);
    await appendAudit(trx, vault.now(), { action: 'verify', outcome, profile: profile.name, ...actor });
  });
  return settledAs(
    await requireToken(vault.db, tokenId),
    await profileById(vault.db, profile.id),
    answer.person,
  );
}
