import {
  type AuditEntry,
  type AuditRow,
  auditHash,
  auditRow,
  genesisHash,
  parsePruneOutcome,
  pruneAction,
} from './audit-chain.ts';
import type { Db } from './store.ts';

/**
 * Writes one row at the end of the chain, within the caller's transaction.
 * Taking the next number first makes writers of other processes wait until this transaction ends.
 */
export async function appendAudit(db: Db, time: number, entry: AuditEntry): Promise<void> {
  await appendAudits(db, time, [entry]);
}

/** Writes rows at the end of the chain, in their order, within the caller's transaction. */
export async function appendAudits(db: Db, time: number, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const head = await db
    .updateTable('audit_head')
    .set((expression) => ({ seq: expression('seq', '+', entries.length) }))
    .where('id', '=', 1)
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow();
  const first = head.seq - entries.length + 1;
  let { hash } = head;
  const rows = entries.map((entry, at) => {
    const row: AuditRow = auditRow(first + at, time, entry);
    const previousHash = hash;
    hash = auditHash(previousHash, row);
    return { ...row, previous_hash: previousHash, hash };
  });
  await db.insertInto('audit').values(rows).execute();
  await db.updateTable('audit_head').set({ hash }).where('id', '=', 1).execute();
}

export interface AuditVerdict {
  /** How many rows were followed. */
  rows: number;
  /** The first number at which the chain does not hold, with what is wrong there; null when it all holds. */
  broken: { seq: number; reason: string } | null;
}

/**
 * Follows the chain from its start to its head. The head is read first: what others write meanwhile comes after it,
 * and is no fault. The start is row 1, or what the newest pruning says it is: that stands in the chain itself, so that a
 * beginning which somebody else cut off shows.
 */
export async function verifyAudit(db: Db): Promise<AuditVerdict> {
  const head = await auditHead(db);
  const start = await chainStart(db);
  let { seq, hash: previousHash } = start;
  const broken = (at: number, reason: string) => ({ rows: seq - start.seq, broken: { seq: at, reason } });
  if (head.seq === 0 && head.hash !== genesisHash) return broken(0, 'the start was changed');
  for await (const stored of db.selectFrom('audit').selectAll().orderBy('seq').stream()) {
    const { previous_hash, hash, ...row } = stored;
    if (row.seq !== seq + 1) return broken(seq + 1, 'a row is missing');
    const changed = previous_hash !== previousHash || auditHash(previousHash, row) !== hash;
    if (changed || (row.seq === head.seq && hash !== head.hash))
      return broken(row.seq, 'the row was changed');
    previousHash = hash;
    seq = row.seq;
  }
  if (seq < head.seq) return broken(seq + 1, 'rows are missing at the end');
  if (seq > (await auditHead(db)).seq) return broken(head.seq + 1, 'rows were added from outside');
  return { rows: seq - start.seq, broken: null };
}

/** The end of the chain: its newest row's number and hash. */
export async function auditHead(db: Db): Promise<{ seq: number; hash: string }> {
  return await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
}

async function chainStart(db: Db): Promise<{ seq: number; hash: string }> {
  const pruning = await db
    .selectFrom('audit')
    .select('outcome')
    .where('action', '=', pruneAction)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (pruning && parsePruneOutcome(pruning.outcome)) ?? { seq: 0, hash: genesisHash };
}
