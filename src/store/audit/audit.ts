import { isMissingKey } from '../../errors/missing-key.ts';
import type { Db } from '../db.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { rowMacHead } from '../integrity/mac-queries.ts';
import {
  type AuditEntry,
  type AuditRow,
  auditHash,
  auditRow,
  genesisHash,
  parsePruneOutcome,
  pruneAction,
} from './chain.ts';
import { type ChainEnd, type ChainState, signature, signatureHolds, startOf } from './signature.ts';

/**
 * Appends one row to the chain, within the caller's transaction.
 * Reserving the next number first makes writers of other processes wait until this transaction ends.
 */
export async function appendAudit(db: Db, time: number, entry: AuditEntry): Promise<void> {
  await appendAudits(db, time, [entry]);
}

/** Appends rows to the chain in their order, within the caller's transaction. */
export async function appendAudits(db: Db, time: number, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const head = await db
    .updateTable('audit_head')
    .set((expression) => ({ seq: expression('seq', '+', entries.length) }))
    .where('id', '=', 1)
    .returning(chainColumns)
    .executeTakeFirstOrThrow();
  const before = { ...head, seq: head.seq - entries.length };
  let { hash } = head;
  const rows = entries.map((entry, at) => {
    const row: AuditRow = auditRow(before.seq + 1 + at, time, entry);
    const previousHash = hash;
    hash = auditHash(previousHash, row);
    return { ...row, previous_hash: previousHash, hash };
  });
  const signed = await signedFurther(db, before, { seq: head.seq, hash });
  await db.insertInto('audit').values(rows).execute();
  await db
    .updateTable('audit_head')
    .set({ hash, ...signed })
    .where('id', '=', 1)
    .execute();
}

const chainColumns = ['seq', 'hash', 'start_seq', 'start_hash', 'signed_seq', 'signature'] as const;

/** The current state of the chain, which is one row. */
export async function chainState(db: Db): Promise<ChainState> {
  return await db.selectFrom('audit_head').select(chainColumns).executeTakeFirstOrThrow();
}

/** The signature over the longer chain; null where no key is loaded, or where the row signed before is gone. */
async function signedFurther(
  db: Db,
  before: ChainState,
  end: ChainEnd,
): Promise<Pick<ChainState, 'signed_seq' | 'signature'> | null> {
  const keys = macKeysOf(db);
  if (keys === null || before.signature === null) return null;
  const signed = await signedRow(db, before);
  let holds = signatureHolds(keys, before, signed);
  if (holds === null) {
    try {
      if (keys.refreshError === null) await keys.refresh(db);
    } catch (error) {
      // A process whose key was removed still records what it rejects; the next one with a key signs it.
      if (!isMissingKey(error)) throw error;
    }
    holds = signatureHolds(keys, before, signed);
  }
  return holds ? { signed_seq: end.seq, signature: signature(keys, startOf(before), end) } : null;
}

async function signedRow(db: Db, state: ChainState): Promise<ChainEnd | null> {
  if (state.signed_seq === null) return null;
  if (state.signed_seq === state.seq) return { seq: state.seq, hash: state.hash };
  const start = startOf(state);
  if (state.signed_seq === start.seq) return start;
  const row = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('seq', '=', state.signed_seq)
    .executeTakeFirst();
  return row ?? null;
}

/** Blocks every other writer of the audit log until the caller's transaction ends. */
export async function lockAuditLog(trx: Db): Promise<void> {
  await trx.updateTable('audit_head').set({ id: 1 }).where('id', '=', 1).execute();
}

/** Signs the current chain, starting at `start`, within the caller's transaction. Does nothing without a key. */
export async function signChain(db: Db, start: ChainEnd): Promise<void> {
  const keys = macKeysOf(db);
  if (keys === null) return;
  const { seq, hash } = await chainState(db);
  await db
    .updateTable('audit_head')
    .set({
      start_seq: start.seq,
      start_hash: start.hash,
      signed_seq: seq,
      signature: signature(keys, start, { seq, hash }),
    })
    .where('id', '=', 1)
    .execute();
}

/** Whether the signature is valid. Null where no key is loaded, or where nothing was ever signed. */
export async function chainIsSigned(db: Db): Promise<boolean | null> {
  const keys = macKeysOf(db);
  const state = await chainState(db);
  if (keys === null || state.signature === null) return null;
  return signatureHolds(keys, state, await signedRow(db, state));
}

export interface AuditVerification {
  /** How many rows were verified. */
  rows: number;
  /** The first row at which the chain is broken, and why; null where it is intact. */
  broken: { seq: number; reason: string } | null;
  /** Up to which row the chain is signed; absent where the key to verify it is not loaded. */
  signedTo?: number;
  /** How many rows after that one are not signed yet. */
  unsigned?: number;
}

/**
 * Verifies the chain from its start to its head. The head is read first: rows that others append meanwhile follow it, and
 * are not an error. The chain starts at row 1, or after the last row that was pruned. Start and end are signed, so that
 * with the key, a chain that was cut and rehashed is detected.
 */
export async function verifyAudit(db: Db): Promise<AuditVerification> {
  const head = await chainState(db);
  // In a signed chain, the signed start is used, not the one that a row of the log claims.
  const start = head.signature === null ? await chainStart(db) : startOf(head);
  let { seq, hash: previousHash } = start;
  let signed: ChainEnd | null = head.signed_seq === start.seq ? start : null;
  const broken = (at: number, reason: string) => ({
    rows: seq - start.seq,
    broken: { seq: at, reason },
  });
  if (head.seq === 0 && head.hash !== genesisHash) return broken(0, 'the start was changed');
  for await (const stored of db.selectFrom('audit').selectAll().orderBy('seq').stream()) {
    const { previous_hash, hash, ...row } = stored;
    if (row.seq !== seq + 1) return broken(seq + 1, 'a row is missing');
    const changed = previous_hash !== previousHash || auditHash(previousHash, row) !== hash;
    if (changed || (row.seq === head.seq && hash !== head.hash))
      return broken(row.seq, 'the row was changed');
    previousHash = hash;
    seq = row.seq;
    if (seq === head.signed_seq) signed = { seq, hash };
  }
  if (seq < head.seq) return broken(seq + 1, 'rows are missing at the end');
  if (seq > (await auditHead(db)).seq) return broken(head.seq + 1, 'rows were added from outside');
  const keys = macKeysOf(db);
  if (keys === null) return { rows: seq - start.seq, broken: null };
  if (head.signature === null) {
    if ((await rowMacHead(db)) === null) return { rows: seq - start.seq, broken: null };
    return broken(head.seq, 'the signature is missing');
  }
  if (signatureHolds(keys, head, signed) === null) await keys.refresh();
  if (!signatureHolds(keys, head, signed)) {
    return broken(
      head.signed_seq ?? head.seq,
      'the signature does not fit: its start or its end was changed',
    );
  }
  return {
    rows: seq - start.seq,
    broken: null,
    signedTo: head.signed_seq ?? 0,
    unsigned: seq - (head.signed_seq ?? 0),
  };
}

/** The end of the chain: the number and hash of its newest row. */
export async function auditHead(db: Db): Promise<{ seq: number; hash: string }> {
  return await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
}

/** The predecessor of the first row: the start of a chain that is accepted as it is. */
export async function firstRowFollows(db: Db): Promise<ChainEnd> {
  const first = await db
    .selectFrom('audit')
    .select(['seq', 'previous_hash'])
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  if (first === undefined) return await auditHead(db);
  return { seq: first.seq - 1, hash: first.previous_hash };
}

/** Where the chain starts, according to its own last pruning. */
export async function chainStart(db: Db): Promise<{ seq: number; hash: string }> {
  const pruning = await db
    .selectFrom('audit')
    .select('outcome')
    .where('action', '=', pruneAction)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (pruning && parsePruneOutcome(pruning.outcome)) ?? { seq: 0, hash: genesisHash };
}
