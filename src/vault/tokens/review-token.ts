import type { Token } from '../../domain/token.ts';
import { appendAudit } from '../../store/audit/audit.ts';
import type { Db } from '../../store/db.ts';
import { destinationsOf } from '../../store/destinations.ts';
import { profileById, setProfileOrganization } from '../../store/profiles/profiles.ts';
import { lastCheck } from '../../store/profiles/token-checks.ts';
import { deleteToken, tokenById } from '../../store/profiles/tokens.ts';
import type { Actor, Vault } from '../context.ts';
import { activateToken } from './activate-token.ts';
import { wrongDeployment } from './wrong-deployment.ts';

/**
 * Makes a token current because the person approves it: a token that needs review, or one that could not be verified because
 * Webex was unreachable. False if the token needs no decision. Throws `E_OTHER_DEPLOYMENT`, because approval cannot make a token
 * work for another deployment.
 */
export async function approveToken(vault: Vault, tokenId: string, actor: Actor): Promise<boolean> {
  return await resolveReview(vault, tokenId, 'approve', actor);
}

/**
 * Makes a token of another organization the current one, and that organization the profile's: an earlier sign-in used the
 * wrong account. False if there is nothing to decide, or if a destination provisions the organization that the profile has.
 */
export async function changeOrganization(vault: Vault, tokenId: string, actor: Actor): Promise<boolean> {
  return await resolveReview(vault, tokenId, 'set-organization', actor);
}

/** Deletes a token that needs a decision. False if it needs none. */
export async function discardToken(vault: Vault, tokenId: string, actor: Actor): Promise<boolean> {
  return await resolveReview(vault, tokenId, 'discard', actor);
}

async function resolveReview(
  vault: Vault,
  tokenId: string,
  action: 'approve' | 'discard' | 'set-organization',
  actor: Actor,
): Promise<boolean> {
  const resolved = await vault.db.transaction().execute(async (trx) => {
    const token = await tokenById(trx, tokenId);
    if (token === null || !(await awaitsDecision(trx, token))) return null;
    const profile = await profileById(trx, token.profileId);
    if (action === 'set-organization') {
      const { account, reviewReason } = token;
      if (reviewReason !== 'other-organization' || account?.orgId == null) return null;
      if ((await destinationsOf(trx, profile.id)).length > 0) return null;
      await setProfileOrganization(trx, profile.id, account.orgId);
      await activateToken(vault, trx, token);
    } else if (action === 'approve') {
      if (token.reviewReason === 'other-deployment') throw wrongDeployment(profile);
      await activateToken(vault, trx, token);
    } else {
      await deleteToken(trx, tokenId);
    }
    await appendAudit(trx, vault.now(), { action, outcome: 'ok', profile: profile.name, ...actor });
    return profile;
  });
  if (resolved !== null && action !== 'discard') vault.renewals.announce(resolved.id);
  return resolved !== null;
}

/** A pending token needs a decision only if Webex could not be reached. Until then, its verification is running. */
async function awaitsDecision(trx: Db, { id, state }: Token): Promise<boolean> {
  if (state !== 'pending') return state === 'needs-review';
  return ((await lastCheck(trx, id))?.checkedAt ?? null) !== null;
}
