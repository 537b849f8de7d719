import { BrokerError } from '../errors/broker-error.ts';
import { pruneAudit } from '../store/audit/prune.ts';
import type { Actor, StoreContext } from './context.ts';
import { clockJump } from './integrity/clock-check.ts';

/**
 * Deletes all audit rows older than `before` (epoch milliseconds). The chain stays verifiable, because its new start is
 * recorded. Returns how many rows were deleted.
 */
export async function pruneAuditLog(records: StoreContext, before: number, actor: Actor): Promise<number> {
  return await records.db
    .transaction()
    .execute((trx) => pruneAudit(trx, before, records.now(), actor.user ?? null));
}

/**
 * Call this before entries of a certain age are deleted. Throws `E_USAGE` if the clock may have been set ahead, because it
 * makes entries look older than they are.
 */
export async function assertAgeIsKnown({ db, now }: Pick<StoreContext, 'db' | 'now'>): Promise<void> {
  const jump = await clockJump(db, now());
  if (jump === null) return;
  throw new BrokerError('E_USAGE', `${jump.text} Nothing was deleted.`, {
    help: {
      text: 'If the clock is ahead, correct it. If it is right, name a date instead of an age',
      command: ['log', '--prune', jump.day],
    },
  });
}
