import { type AuditEntry, type AuditRow, auditHash, auditRow, genesisHash } from './audit-chain.ts';
import type { Db } from './store.ts';

/**
 * Writes one row at the end of the chain, within the caller's transaction.
 * Taking the next number first makes writers of other processes wait until this transaction ends.
 */
export async function appendAudit(db: Db, time: number, entry: AuditEntry): Promise<AuditRow> {
  const head = await db
    .updateTable('audit_head')
    .set((expression) => ({ seq: expression('seq', '+', 1) }))
    .where('id', '=', 1)
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow();
  const row = auditRow(head.seq, time, entry);
  const hash = auditHash(head.hash, row);
  await db
    .insertInto('audit')
    .values({ ...row, previous_hash: head.hash, hash })
    .execute();
  await db.updateTable('audit_head').set({ hash }).where('id', '=', 1).execute();
  return row;
}

export interface AuditVerdict {
  rows: number;
  /** The first number at which the chain does not hold, with what is wrong there; null when it all holds. */
  broken: { seq: number; reason: string } | null;
}

/**
 * Follows the chain from its start to its head. The head is read first: what others write meanwhile comes after it,
 * and is no fault.
 */
export async function verifyAudit(db: Db): Promise<AuditVerdict> {
  const head = await auditHead(db);
  let previousHash = genesisHash;
  let seq = 0;
  const broken = (at: number, reason: string) => ({ rows: seq, broken: { seq: at, reason } });
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
  return { rows: seq, broken: null };
}

async function auditHead(db: Db): Promise<{ seq: number; hash: string }> {
  return await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
}
