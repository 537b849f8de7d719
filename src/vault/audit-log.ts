import { pruneAudit } from '../store/audit-prune.ts';
import type { Actor, Records } from './vault.ts';

/**
 * Removes the audit rows from before an instant (epoch milliseconds); the chain stays verifiable, for it says itself
 * where it begins now. Returns how many rows went.
 */
export async function pruneAuditLog(records: Records, before: number, actor: Actor): Promise<number> {
  return await records.db
    .transaction()
    .execute((trx) => pruneAudit(trx, before, records.now(), actor.user ?? null));
}
