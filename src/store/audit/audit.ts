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

/** The chain as it stands, in one row. */
export async function chainState(db: Db): Promise<ChainState> {
  return await db.selectFrom('audit_head').select(chainColumns).executeTakeFirstOrThrow();
}

/** The signature over a longer chain. Nothing where no key is open, or what was signed before is not there any more. */
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
      // A process whose key was removed still records what it refuses; the next one with a key signs it.
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

/** Keeps every other writer of the audit log waiting until the caller's transaction ends. */
export async function lockAuditLog(trx: Db): Promise<void> {
  await trx.updateTable('audit_head').set({ id: 1 }).where('id', '=', 1).execute();
}

/** Signs the chain as it is, from `start` on, within the caller's transaction. Nothing happens without a key. */
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

/** Whether what was signed is there. Null where no key is open, or nothing was ever signed. */
export async function chainIsSigned(db: Db): Promise<boolean | null> {
  const keys = macKeysOf(db);
  const state = await chainState(db);
  if (keys === null || state.signature === null) return null;
  return signatureHolds(keys, state, await signedRow(db, state));
}

export interface AuditVerification {
  /** How many rows were followed. */
  rows: number;
  /** The first number at which the chain does not hold, with what is wrong there; null when it all holds. */
  broken: { seq: number; reason: string } | null;
  /** Up to which row the signature holds; absent where it could not be checked without the key. */
  signedTo?: number;
}

/**
 * Follows the chain from its start to its head. The head is read first: what others write meanwhile comes after it,
 * and is no fault. The start is row 1, or the one that the newest pruning left. Start and end are signed: a chain that
 * was cut and closed again shows where the key is open.
 */
export async function verifyAudit(db: Db): Promise<AuditVerification> {
  const head = await chainState(db);
  // Where it is signed, what a row says of its start does not count.
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
  return { rows: seq - start.seq, broken: null, signedTo: head.signed_seq ?? 0 };
}

/** The end of the chain: its newest row's number and hash. */
export async function auditHead(db: Db): Promise<{ seq: number; hash: string }> {
  return await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
}

/** What the first row there is follows: for a chain that is accepted as it is. */
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

/** Where the chain begins, as it says itself. */
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
