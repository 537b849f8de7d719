import { BrokerError } from '../errors/broker-error.ts';
import { pruneAudit } from '../store/audit/prune.ts';
import { lastDayBeforeJump } from '../store/meta/days-of-use.ts';
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

/**
 * Call this before entries of a certain age are deleted. Throws `E_USAGE` if the clock may have been set ahead, because it
 * makes entries look older than they are.
 */
export async function assertAgeIsKnown({ db, now }: Pick<StoreContext, 'db' | 'now'>): Promise<void> {
  const last = await lastDayBeforeJump(db, now());
  if (last === null) return;
  const day = new Date(last).toISOString().slice(0, 10);
  throw new BrokerError(
    'E_USAGE',
    `The system clock shows ${new Date(now()).toISOString().slice(0, 10)}, but this program ran on ${day}, and then not for more than 30 days. Nothing was deleted.`,
    {
      help: {
        text: 'If the clock is ahead, correct it. If it is right, name a date instead of an age',
        command: ['log', '--prune', day],
      },
    },
  );
}
