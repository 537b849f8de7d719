import type { Db } from '../db.ts';
import { isNewest, macKeysOf } from '../integrity/mac-keys.ts';
import { type ChainEnd, genesisHash, parsePruneOutcome, pruneAction, sharedChain } from './chain.ts';
import { type ChainState, signature, signatureHolds, startOf } from './signature.ts';

/* The heads of the chains: where each one starts and ends, and the signature over both. */

export const headColumns = [
  'id',
  'seq',
  'hash',
  'start_seq',
  'start_hash',
  'signed_seq',
  'signature',
] as const;

/** The current state of every chain. */
export async function chainStates(db: Db): Promise<ChainState[]> {
  return await db.selectFrom('audit_head').select(headColumns).orderBy('id').execute();
}

/** The current state of one chain; null if it has no head. */
export async function chainState(db: Db, chain: number): Promise<ChainState | null> {
  const state = await db
    .selectFrom('audit_head')
    .select(headColumns)
    .where('id', '=', chain)
    .executeTakeFirst();
  return state ?? null;
}

/** The same. Also prevents other processes from appending to the chain until the caller's transaction ends. */
export async function lockChain(trx: Db, chain: number): Promise<ChainState | null> {
  const state = await trx
    .updateTable('audit_head')
    .set({ id: chain })
    .where('id', '=', chain)
    .returning(headColumns)
    .executeTakeFirst();
  return state ?? null;
}

/** Where each chain ends. */
export async function chainEnds(db: Db): Promise<(ChainEnd & { chain: number })[]> {
  return await db.selectFrom('audit_head').select(['id as chain', 'seq', 'hash']).orderBy('id').execute();
}

/** Whether a row was ever written to the log. */
export async function hasAuditRows(db: Db): Promise<boolean> {
  const head = await db
    .selectFrom('audit_head')
    .select('id')
    .where('seq', '>', 0)
    .limit(1)
    .executeTakeFirst();
  return head !== undefined;
}

/** The row up to which a chain is signed; null if it no longer exists. */
export async function signedRow(db: Db, state: ChainState): Promise<ChainEnd | null> {
  if (state.signed_seq === null) return null;
  if (state.signed_seq === state.seq) return { seq: state.seq, hash: state.hash };
  const start = startOf(state);
  if (state.signed_seq === start.seq) return start;
  const row = await db
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .where('chain', '=', state.id)
    .where('seq', '=', state.signed_seq)
    .executeTakeFirst();
  return row ?? null;
}

/** Whether the signature is valid. Null if no key is loaded, or if the chain was never signed. */
export async function chainIsSigned(db: Db, state: ChainState): Promise<boolean | null> {
  const keys = macKeysOf(db);
  if (keys === null || state.signature === null) return null;
  const signed = await signedRow(db, state);
  const holds = signatureHolds(keys, state, signed);
  if (holds !== null) return holds;
  await keys.refresh(db.isTransaction ? db : undefined);
  return signatureHolds(keys, state, signed);
}

/** Signs a chain as it is now, starting at `start`, within the caller's transaction. Without a key, only sets the start. */
export async function signChain(trx: Db, chain: number, start: ChainEnd): Promise<void> {
  const state = await lockChain(trx, chain);
  if (state === null) return;
  const keys = macKeysOf(trx);
  await trx
    .updateTable('audit_head')
    .set({
      start_seq: start.seq,
      start_hash: start.hash,
      ...(keys !== null && { signed_seq: state.seq, signature: signature(keys, chain, start, state) }),
    })
    .where('id', '=', chain)
    .execute();
}

/**
 * Signs every chain with the newest data key if its signature is valid and was made with an older one, within the caller's
 * transaction. The writer of a chain then notices that its signature was replaced.
 */
export async function renewSignatures(trx: Db): Promise<void> {
  const keys = macKeysOf(trx);
  if (keys === null) return;
  for (const { chain } of await chainEnds(trx)) {
    const state = await lockChain(trx, chain);
    if (state?.signature == null || isNewest(keys, state.signature)) continue;
    if (await chainIsSigned(trx, state)) await signChain(trx, chain, startOf(state));
  }
}

/** The predecessor of the first row: the start of a chain that is accepted as it is. */
export async function firstRowFollows(db: Db, { id, seq, hash }: ChainState): Promise<ChainEnd> {
  const first = await db
    .selectFrom('audit')
    .select(['seq', 'previous_hash'])
    .where('chain', '=', id)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return first === undefined ? { seq, hash } : { seq: first.seq - 1, hash: first.previous_hash };
}

/** Where an unsigned chain starts, according to its head or, if an earlier version wrote it, to the row of its last pruning. */
export async function unsignedStart(db: Db, state: ChainState): Promise<ChainEnd> {
  if (state.start_seq !== null || state.id !== sharedChain) return startOf(state);
  const pruning = await db
    .selectFrom('audit')
    .select('outcome')
    .where('chain', '=', sharedChain)
    .where('action', '=', pruneAction)
    .where('subject', 'is', null)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return (pruning && parsePruneOutcome(pruning.outcome)) ?? { seq: 0, hash: genesisHash };
}
