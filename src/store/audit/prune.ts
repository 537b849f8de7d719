import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { appendAudit, chainIsSigned, signChain } from './audit.ts';
import { pruneAction, pruneOutcome } from './chain.ts';

/**
 * Removes the rows from before an instant (epoch milliseconds), within the caller's transaction, and records in the
 * chain where it now starts. Returns the number of removed rows. Rows after a newer one stay, whatever their time: a
 * clock that was wrong for a while must not leave a gap.
 */
export async function pruneAudit(db: Db, before: number, now: number, user: string | null): Promise<number> {
  // Locks the chain against other writers, as every append does.
  await db.updateTable('audit_head').set({ id: 1 }).where('id', '=', 1).execute();
  const signed = await chainIsSigned(db);
  if (signed === false) {
    throw new BrokerError(
      'E_AUDIT',
      'The audit log was changed outside this program: its signature is invalid.',
      {
        help: { text: 'Nothing was removed. To find the row, verify the log', command: ['log', '--verify'] },
      },
    );
  }
  const firstKept = await db
    .selectFrom('audit')
    .select('seq')
    .where('time', '>=', before)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  const last = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .$if(firstKept !== undefined, (query) => query.where('seq', '<', firstKept?.seq ?? 0))
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last === undefined) return 0;
  const removed = await db.deleteFrom('audit').where('seq', '<=', last.seq).executeTakeFirst();
  if (signed) await signChain(db, last);
  const outcome = pruneOutcome(last.seq, last.hash);
  await appendAudit(db, now, { action: pruneAction, outcome, user });
  return Number(removed.numDeletedRows);
}
