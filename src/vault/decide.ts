import { appendAudit } from '../store/audit.ts';
import { profileById } from '../store/profiles.ts';
import { deleteToken, tokenById } from '../store/tokens.ts';
import { becomeCurrent } from './become-current.ts';
import type { Actor, Vault } from './vault.ts';

/** Makes a token that was set aside the current one, because the person says so. False where it is not set aside. */
export async function acceptToken(vault: Vault, tokenId: string, actor: Actor): Promise<boolean> {
  return await decide(vault, tokenId, 'accept', actor);
}

/** Removes a token that was set aside. False where it is not set aside. */
export async function discardToken(vault: Vault, tokenId: string, actor: Actor): Promise<boolean> {
  return await decide(vault, tokenId, 'discard', actor);
}

async function decide(
  vault: Vault,
  tokenId: string,
  action: 'accept' | 'discard',
  actor: Actor,
): Promise<boolean> {
  return await vault.db.transaction().execute(async (trx) => {
    const token = await tokenById(trx, tokenId);
    if (token?.state !== 'set-aside') return false;
    await (action === 'accept' ? becomeCurrent(trx, token) : deleteToken(trx, tokenId));
    const { name } = await profileById(trx, token.profileId);
    await appendAudit(trx, vault.now(), { action, outcome: 'ok', profile: name, ...actor });
    return true;
  });
}
