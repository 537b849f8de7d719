import { pruneAudit } from '../store/audit/prune.ts';
import type { Actor, StoreContext } from './context.ts';

/**
 * Removes the audit rows from before an instant (epoch milliseconds); the chain stays verifiable, for it says itself
 * where it begins now. Returns how many rows went.
 */
export async function pruneAuditLog(records: StoreContext, before: number, actor: Actor): Promise<number> {
  return await records.db
    .transaction()
    .execute((trx) => pruneAudit(trx, before, records.now(), actor.user ?? null));
}
