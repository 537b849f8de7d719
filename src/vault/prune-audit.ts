import { pruneAudit } from '../store/audit/prune.ts';
import type { Actor, StoreContext } from './context.ts';

/**
 * Deletes all audit rows older than `before` (epoch milliseconds). The chain stays verifiable, because its new start is
 * recorded. Returns how many rows were deleted.
 */
export async function pruneAuditLog(records: StoreContext, before: number, actor: Actor): Promise<number> {
  return await records.db
    .transaction()
    .execute((trx) => pruneAudit(trx, before, records.now(), actor.user ?? null));
}
