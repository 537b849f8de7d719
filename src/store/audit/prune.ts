import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { appendAudits } from './audit.ts';
import { type ChainEnd, pruneAction, pruneOutcome, sharedChain } from './chain.ts';
import { chainEnds, chainIsSigned, chainState, lockChain, signChain } from './heads.ts';

/**
 * Removes the rows from before an instant (epoch milliseconds) from every chain, within the caller's transaction, and
 * records where each chain now starts. Returns the number of removed rows. Keeps every row after a newer one of its chain,
 * regardless of its time, so that a clock that was wrong for a while leaves no gap. Throws `E_AUDIT`.
 */
export async function pruneAudit(db: Db, before: number, now: number, user: string | null): Promise<number> {
  const chains = await chainEnds(db);
  // Checks all chains before it deletes anything.
  for (const { chain } of chains) await requireSigned(db, chain);
  const pruned: (ChainEnd & { chain: number })[] = [];
  let removed = 0;
  for (const { chain } of chains) {
    const last = await lastBefore(db, chain, before);
    if (last === null) continue;
    const { numDeletedRows } = await db
      .deleteFrom('audit')
      .where('chain', '=', chain)
      .where('seq', '<=', last.seq)
      .executeTakeFirst();
    removed += Number(numDeletedRows);
    pruned.push({ chain, ...last });
  }
  // As late as possible, because the writers of a locked chain wait until this transaction ends.
  for (const { chain, seq, hash } of pruned) {
    await lockChain(db, chain);
    await requireSigned(db, chain);
    await signChain(db, chain, { seq, hash });
  }
  const entries = pruned.map(({ chain, seq, hash }) => ({
    action: pruneAction,
    outcome: pruneOutcome(seq, hash),
    user,
    subject: chain === sharedChain ? null : `chain ${chain}`,
  }));
  await appendAudits(db, now, entries);
  return removed;
}

async function requireSigned(db: Db, chain: number): Promise<void> {
  const state = await chainState(db, chain);
  if (state !== null && (await chainIsSigned(db, state)) !== false) return;
  throw new BrokerError(
    'E_AUDIT',
    'The audit log was changed outside this program: its signature is invalid.',
    {
      help: { text: 'Nothing was removed. To find the row, verify the log', command: ['log', '--verify'] },
    },
  );
}

/** The last row of a chain before the first row that is not older than that instant. */
async function lastBefore(db: Db, chain: number, before: number): Promise<ChainEnd | null> {
  const firstKept = await db
    .selectFrom('audit')
    .select('seq')
    .where('chain', '=', chain)
    .where('time', '>=', before)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  const last = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('chain', '=', chain)
    .$if(firstKept !== undefined, (query) => query.where('seq', '<', firstKept?.seq ?? 0))
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last ?? null;
}
