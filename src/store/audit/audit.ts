import { isMissingKey } from '../../errors/missing-key.ts';
import { withSnapshot } from '../database/snapshot.ts';
import type { Db } from '../db.ts';
import { macKeysOf } from '../integrity/mac-keys.ts';
import { rowMacHead } from '../integrity/mac-queries.ts';
import { type AuditEntry, auditHash, type ChainEnd, genesisHash, nextRows, sharedChain } from './chain.ts';
import { chainStates, headColumns, signedRow, unsignedStart } from './heads.ts';
import { brokenRegister } from './register.ts';
import { type ChainState, signature, signatureHolds, startOf } from './signature.ts';

/**
 * Appends one row to the shared chain, within the caller's transaction.
 * Reserving the next number first makes writers of other processes wait until this transaction ends.
 */
export async function appendAudit(db: Db, time: number, entry: AuditEntry): Promise<void> {
  await appendAudits(db, time, [entry]);
}

/** Appends rows to the shared chain in their order, within the caller's transaction. */
export async function appendAudits(db: Db, time: number, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const head = await db
    .updateTable('audit_head')
    .set((expression) => ({ seq: expression('seq', '+', entries.length) }))
    .where('id', '=', sharedChain)
    .returning(headColumns)
    .executeTakeFirstOrThrow();
  const before = { ...head, seq: head.seq - entries.length };
  const { rows, end } = nextRows(sharedChain, before, time, entries);
  const signed = await extendSignature(db, before, end);
  await db.insertInto('audit').values(rows).execute();
  await db
    .updateTable('audit_head')
    .set({ hash: end.hash, ...signed })
    .where('id', '=', sharedChain)
    .execute();
}

/** The signature over the longer chain; null if no key is loaded, or if the previously signed row no longer exists. */
async function extendSignature(
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
      // A process whose key was removed still records rejected requests. The next process with a key signs these rows.
      if (!isMissingKey(error)) throw error;
    }
    holds = signatureHolds(keys, before, signed);
  }
  return holds ? { signed_seq: end.seq, signature: signature(keys, before.id, startOf(before), end) } : null;
}

export interface AuditVerification {
  /** How many rows were verified. */
  rows: number;
  /** The number of chains. */
  chains: number;
  /** The first row at which a chain is broken, and why; null if all are intact. */
  broken: { chain: number; seq: number; reason: string } | null;
  /** How many rows are not signed yet; absent if the key to verify the signatures is not loaded. */
  unsigned?: number;
}

/**
 * Verifies every chain from its start to its head, in one snapshot, and that no chain is missing. A chain starts at row 1 or after
 * the last pruned row. Start and end are signed, so with the key, a chain that was cut and rehashed is detected.
 */
export async function verifyAudit(db: Db): Promise<AuditVerification> {
  return db.isTransaction ? await verify(db) : await withSnapshot(db, verify);
}

async function verify(db: Db): Promise<AuditVerification> {
  const states = await chainStates(db);
  const verified = { rows: 0, chains: states.length };
  const broken = (chain: number, seq: number, reason: string): AuditVerification => ({
    ...verified,
    broken: { chain, seq, reason },
  });
  const register = await brokenRegister(db, states);
  if (register !== null) return broken(register.chain, 0, register.reason);
  const chains = new Map<number, ChainCheck>();
  for (const state of states) chains.set(state.id, await ChainCheck.of(db, state));
  for await (const { previous_hash, hash, ...row } of db
    .selectFrom('audit')
    .selectAll()
    .orderBy('chain')
    .orderBy('seq')
    .stream()) {
    const chain = chains.get(row.chain);
    if (chain === undefined) return broken(row.chain, row.seq, 'the chain of the row is not known');
    if (row.seq !== chain.seq + 1) return broken(row.chain, chain.seq + 1, 'a row is missing');
    if (row.seq > chain.head.seq) return broken(row.chain, row.seq, 'rows were added from outside');
    if (previous_hash !== chain.hash || auditHash(previous_hash, row) !== hash)
      return broken(row.chain, row.seq, 'the row was changed');
    chain.add({ seq: row.seq, hash });
    verified.rows += 1;
  }
  let unsigned = 0;
  for (const chain of chains.values()) {
    const { head, seq, hash } = chain;
    if (seq === 0 && head.seq === 0 && head.hash !== genesisHash) {
      return broken(head.id, 0, 'the start was changed');
    }
    if (seq < head.seq) return broken(head.id, seq + 1, 'rows are missing at the end');
    if (hash !== head.hash) return broken(head.id, seq, 'the row was changed');
    const reason = await brokenSignature(db, chain);
    if (reason !== null) return broken(head.id, head.signed_seq ?? head.seq, reason);
    unsigned += seq - (head.signed_seq ?? 0);
  }
  const signs = macKeysOf(db) !== null && states.some(({ signature }) => signature !== null);
  return { ...verified, broken: null, ...(signs && { unsigned }) };
}

/** The state of the verification of one chain. */
class ChainCheck {
  readonly head: ChainState;
  /** The row up to which it is signed, once it was reached. */
  signed: ChainEnd | null = null;
  seq: number;
  hash: string;

  private constructor(head: ChainState, start: ChainEnd) {
    this.head = head;
    this.seq = start.seq;
    this.hash = start.hash;
    if (head.signed_seq === start.seq) this.signed = start;
  }

  static async of(db: Db, head: ChainState): Promise<ChainCheck> {
    // In a signed chain, the signed start is used, not the one that a row of the log claims.
    return new ChainCheck(head, head.signature === null ? await unsignedStart(db, head) : startOf(head));
  }

  add(row: ChainEnd): void {
    this.seq = row.seq;
    this.hash = row.hash;
    if (row.seq === this.head.signed_seq) this.signed = row;
  }
}

/** Why the signature of a chain is not valid; null if it is, or if no key is loaded. */
async function brokenSignature(db: Db, { head, signed }: ChainCheck): Promise<string | null> {
  const keys = macKeysOf(db);
  if (keys === null) return null;
  if (head.signature === null) return (await rowMacHead(db)) === null ? null : 'the signature is missing';
  if (signatureHolds(keys, head, signed) === null) await keys.refresh(db);
  return signatureHolds(keys, head, signed)
    ? null
    : 'the signature does not fit: its start or its end was changed';
}
