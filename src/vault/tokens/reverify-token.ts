import { outcomeCode } from '../../domain/assess-token.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import { profileById } from '../../store/profiles/profiles.ts';
import { tokenById } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../context.ts';
import { requireToken, resultOf, type VerificationResult, verifyToken } from './verify-token.ts';
import { decryptForWebex, queryWebex, recordVerdict } from './webex-verification.ts';

/**
 * Verifies a token again on request, and stores the result. The result does not change the token's state, because the person
 * decides about that. Throws `E_NO_TOKEN`.
 */
export async function reverifyToken(
  vault: Vault,
  tokenId: string,
  actor: Actor,
): Promise<VerificationResult> {
  const token = await requireToken(vault.db, tokenId);
  if (token.state === 'pending') return await verifyToken(vault, tokenId, actor);
  const profile = await profileById(vault.db, token.profileId);
  const answer = await queryWebex(vault, profile, await decryptForWebex(vault, token));
  await vault.db.transaction().execute(async (trx) => {
    // Someone may have removed the token in the meantime.
    if ((await tokenById(trx, tokenId)) === null) return;
    await recordVerdict(trx, tokenId, answer, vault.now());
    const outcome = outcomeCode(answer.person, profile);
    await appendAudit(trx, vault.now(), { action: 'verify', outcome, profile: profile.name, ...actor });
  });
  return resultOf(
    await requireToken(vault.db, tokenId),
    await profileById(vault.db, profile.id),
    answer.person,
  );
}
