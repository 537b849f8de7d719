import type { Db } from '../db.ts';
import {
  AuthenticatedSet,
  bucketOf,
  KeyUnknown,
  type NamedRow,
  NotAuthentic,
  type Question,
  rowName,
  type SetHead,
} from '../integrity/authenticated-set.ts';
import { created } from '../integrity/changes.ts';
import { type DataKeys, macKeysOf } from '../integrity/mac-keys.ts';
import { rowMacHead, runCheck } from '../integrity/mac-queries.ts';
import { newestDataKey } from '../keys/keys.ts';
import { genesisHash, sharedChain } from './chain.ts';
import { type ChainState, signature } from './signature.ts';

/*
 * The register of chains: the shared chain, which every store has, and the rows of `audit_chain`. These have row MACs, and
 * their numbers have no gap, so that a chain cannot disappear as a whole.
 */

interface RegisteredChain {
  id: number;
  created_at: number;
}

/** The chains after the shared one. */
export async function registeredChains(db: Db): Promise<RegisteredChain[]> {
  return await db.selectFrom('audit_chain').select(['id', 'created_at']).orderBy('id').execute();
}

/** Adds an empty chain, within the caller's transaction. Time in epoch milliseconds. */
export async function registerChain(trx: Db, now: number): Promise<void> {
  const keys = macKeysOf(trx);
  if (keys !== null && (await newestDataKey(trx))?.id !== keys.ring.primaryKey.id) await keys.refresh(trx);
  const id = ((await registeredChains(trx)).at(-1)?.id ?? sharedChain) + 1;
  created(trx, 'auditChain', [String(id)]);
  await trx.insertInto('audit_chain').values({ id, created_at: now }).execute();
  const end = { seq: 0, hash: genesisHash };
  await trx
    .insertInto('audit_head')
    .values({
      id,
      ...end,
      ...(keys !== null && { signed_seq: 0, signature: signature(keys, id, end, end) }),
    })
    .execute();
}

/**
 * Registers all remaining chains of a store that is accepted as it is, within the caller's transaction. Call this before
 * `authenticateAll`.
 */
export async function acceptChains(trx: Db, now: number): Promise<void> {
  const known = new Set((await registeredChains(trx)).map(({ id }) => id));
  const heads = new Set<number>();
  for (const { id } of await trx.selectFrom('audit_head').select('id').execute()) heads.add(id);
  const { last } = await trx
    .selectFrom('audit')
    .select(({ fn }) => fn.max<number | null>('chain').as('last'))
    .executeTakeFirstOrThrow();
  for (let id = sharedChain; id <= Math.max(last ?? 0, ...known, ...heads); id += 1) {
    if (id !== sharedChain && !known.has(id)) {
      await trx.insertInto('audit_chain').values({ id, created_at: now }).execute();
    }
    if (heads.has(id)) continue;
    const row = await trx
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('chain', '=', id)
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst();
    await trx
      .insertInto('audit_head')
      .values({ id, seq: row?.seq ?? 0, hash: row?.hash ?? genesisHash })
      .execute();
  }
}

/** The first chain that is missing, unknown or not authentic, and why; null if the register and the heads are intact. */
export async function brokenRegister(
  db: Db,
  states: readonly ChainState[],
): Promise<{ chain: number; reason: string } | null> {
  const registered = await registeredChains(db);
  const last = registered.length + sharedChain;
  const ids = [sharedChain, ...registered.map(({ id }) => id)];
  for (let chain = sharedChain; chain <= last; chain += 1) {
    if (!ids.includes(chain)) return { chain, reason: 'the chain is missing' };
    if (!states.some(({ id }) => id === chain)) return { chain, reason: 'the head of the chain is missing' };
  }
  const unknown = states.find(({ id }) => !ids.includes(id));
  if (unknown !== undefined) return { chain: unknown.id, reason: 'the chain is not known' };
  const keys = macKeysOf(db);
  const head = keys === null ? null : await rowMacHead(db);
  // A store that was never opened with its key has no row MACs.
  if (keys === null || head === null) return null;
  try {
    const missing = await missingAfter(db, keys, head, registered);
    return missing === null ? null : { chain: missing, reason: 'the chain is missing' };
  } catch (error) {
    if (!(error instanceof NotAuthentic || error instanceof KeyUnknown)) throw error;
    const why = error instanceof KeyUnknown ? 'its key is not known' : error.message;
    return { chain: last, reason: `the register of chains cannot be trusted: ${why}` };
  }
}

/** The number of a chain that has a row MAC and no row; null if there is none. Throws `NotAuthentic`, `KeyUnknown`. */
async function missingAfter(
  db: Db,
  keys: DataKeys,
  head: SetHead,
  registered: readonly RegisteredChain[],
): Promise<number | null> {
  const rows = registered.map((row): NamedRow => ({ kind: 'auditChain', row: { ...row } }));
  const next = registered.length + sharedChain + 1;
  // A new set, because the shared one may know a newer head than this snapshot.
  const check = () => runCheck(db, checkWithNext(new AuthenticatedSet(keys), head, rows, String(next)));
  try {
    return (await check()) ? next : null;
  } catch (error) {
    if (!(error instanceof KeyUnknown)) throw error;
    await keys.refresh(db);
    return (await check()) ? next : null;
  }
}

/** Checks the rows, and the bucket of the one that would follow them: whether that one has a MAC. */
function* checkWithNext(
  set: AuthenticatedSet,
  head: SetHead,
  rows: readonly NamedRow[],
  next: string,
): Generator<Question, boolean, unknown[]> {
  yield* set.check(head, rows);
  const name = rowName('auditChain', next);
  const macs = yield* set.checkBucket(bucketOf(name), yield* set.checkHead(head));
  return macs.has(name);
}
