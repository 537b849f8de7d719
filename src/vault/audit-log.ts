import { pruneAudit } from '../store/audit-prune.ts';
import type { Actor, Vault } from './vault.ts';

/**
 * Removes the audit rows from before an instant (epoch milliseconds); the chain stays verifiable, for it says itself
 * where it begins now. Returns how many rows went.
 */
export async function pruneAuditLog(vault: Vault, before: number, actor: Actor): Promise<number> {
  return await vault.db
    .transaction()
    .execute((trx) => pruneAudit(trx, before, vault.now(), actor.user ?? null));
}
