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

/** Follows the chain from its start to its head. */
export async function verifyAudit(db: Db): Promise<AuditVerdict> {
  let previousHash = genesisHash;
  let seq = 0;
  for await (const stored of db.selectFrom('audit').selectAll().orderBy('seq').stream()) {
    const { previous_hash, hash, ...row } = stored;
    if (row.seq !== seq + 1) {
      return { rows: seq, broken: { seq: seq + 1, reason: 'a row is missing' } };
    }
    if (previous_hash !== previousHash || auditHash(previousHash, row) !== hash) {
      return { rows: seq, broken: { seq: row.seq, reason: 'the row was changed' } };
    }
    previousHash = hash;
    seq = row.seq;
  }
  const head = await db.selectFrom('audit_head').selectAll().executeTakeFirstOrThrow();
  if (head.seq !== seq || head.hash !== previousHash) {
    return { rows: seq, broken: { seq: seq + 1, reason: 'rows are missing at the end' } };
  }
  return { rows: seq, broken: null };
}
