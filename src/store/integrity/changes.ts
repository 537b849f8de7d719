import type { Db } from '../db.ts';
import {
  bucketOf,
  digestText,
  NotAuthentic,
  noDigest,
  type RowMac,
  rowName,
  setOf,
} from './authenticated-set.ts';
import { type Kind, kindTitles, rowContent } from './kinds.ts';
import { addend, type DataKeys, macHolds, macKeysOf } from './mac-keys.ts';
import { answer, macsOf, type RowName, rowMacHead, rowsOf, runCheck } from './mac-queries.ts';
import { untrusted } from './untrusted.ts';

/*
 * Every function that changes rows that grant access first calls `changing`, `created` or `removing`. At the end of the transaction,
 * these rows are read again and get their MACs (`write-macs.ts`). A store that was opened without its keys cannot write MACs, so
 * such a transaction fails there.
 */

/** A row that a transaction changes. */
export interface Change extends RowName {
  /** Whether the digest of its bucket includes this row. */
  counts: boolean;
  /** Another program changed it, so it gets a MAC that matches no row. */
  foreign?: boolean;
}

/** What each transaction has changed so far, by row name. */
const pending = new WeakMap<Db, Map<string, Change>>();

/** Runs in the caller's transaction, or in a new one. */
export async function inTransaction<T>(db: Db, action: (trx: Db) => Promise<T>): Promise<T> {
  return db.isTransaction ? await action(db) : await db.transaction().execute(action);
}

/** Announces that new rows are about to be written. */
export function created(trx: Db, kind: Kind, ids: readonly string[]): void {
  note(trx, kind, ids, false);
}

/**
 * Announces that rows are about to be changed, whether rows with these IDs exist or not. Throws `E_INTEGRITY` if another
 * program has changed them, because their new MACs would make that change authentic.
 */
export async function changing(trx: Db, kind: Kind, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const fresh = ids.filter((id) => !pendingOf(trx).has(rowName(kind, id)));
  const keys = macKeysOf(trx);
  if (keys !== null && fresh.length > 0 && (await rowMacHead(trx)) !== null) {
    const rows = await rowsOf(trx, kind, fresh);
    const macs = await macsOf(
      trx,
      fresh.map((id) => ({ kind, id })),
    );
    for (const [id, row] of rows) {
      const known = macs.get(rowName(kind, id));
      if (known === undefined || !(await holds(trx, keys, rowContent(kind, row), known))) {
        throw untrusted(new NotAuthentic('changed', `${kindTitles[kind]} was changed from outside`));
      }
    }
    for (const id of fresh) note(trx, kind, [id], rows.has(id) || macs.has(rowName(kind, id)));
  }
  note(trx, kind, fresh, false);
}

async function holds(trx: Db, keys: DataKeys, content: string, given: string): Promise<boolean> {
  const known = macHolds(keys, 'row', content, given);
  if (known !== null) return known;
  await keys.refresh(trx);
  return macHolds(keys, 'row', content, given) ?? false;
}

/** Announces that rows are about to be removed, even if another program wrote them. */
export async function removing(trx: Db, kind: Kind, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const fresh = ids.filter((id) => !pendingOf(trx).has(rowName(kind, id)));
  const keys = macKeysOf(trx);
  if (keys !== null && fresh.length > 0) {
    const head = await rowMacHead(trx);
    if (head !== null) {
      const digests = await runCheck(trx, setOf(keys).checkHead(head)).catch(() => null);
      for (const id of fresh) {
        const counts = digests === null || (await countsInDigest(trx, keys, digests, rowName(kind, id)));
        note(trx, kind, [id], counts);
      }
      return;
    }
  }
  note(trx, kind, fresh, false);
}

/** A row that was added from outside is not part of the digest: without it, the digest of the bucket matches. */
async function countsInDigest(
  trx: Db,
  keys: DataKeys,
  digests: ReadonlyMap<number, string>,
  name: string,
): Promise<boolean> {
  const bucket = bucketOf(name);
  const rows = (await answer(trx, { bucket })) as RowMac[];
  let sum = 0n;
  let own: bigint | null = null;
  for (const { kind, id, mac: given } of rows) {
    const part = addend(keys, rowName(kind as Kind, id), given) ?? 0n;
    if (rowName(kind as Kind, id) === name) own = part;
    sum += part;
  }
  if (own === null) return false;
  return digestText(sum - own) !== (digests.get(bucket) ?? noDigest);
}

function note(trx: Db, kind: Kind, ids: readonly string[], counts: boolean): void {
  if (!trx.isTransaction) throw new Error('rows that grant access are changed in a transaction');
  const changes = pendingOf(trx);
  for (const id of ids) {
    const name = rowName(kind, id);
    if (!changes.has(name)) changes.set(name, { kind, id, counts });
  }
}

/** Writes the head at the end of this transaction, even if no row changes. Its counter continues after `counter`. */
export function renewHead(trx: Db, counter = 0): void {
  pendingOf(trx);
  leastCounter.set(trx, counter);
}

const leastCounter = new WeakMap<Db, number>();

function pendingOf(trx: Db): Map<string, Change> {
  const changes = pending.get(trx) ?? new Map<string, Change>();
  pending.set(trx, changes);
  return changes;
}

/** Whether this transaction has announced a change of the row. */
export function isChangedHere(trx: Db, kind: Kind, id: string): boolean {
  return pending.get(trx)?.has(rowName(kind, id)) ?? false;
}

/** Gives a row, whose change was announced, a MAC that matches no row. */
export function markForeign(trx: Db, { kind, id }: RowName): void {
  const change = pendingOf(trx).get(rowName(kind, id));
  if (change !== undefined) change.foreign = true;
}

/** Returns the changes that a transaction announced, and clears them. Null if it announced none. */
export function takeChanges(trx: Db): { changes: Change[]; leastCounter: number } | null {
  const changes = pending.get(trx);
  if (changes === undefined) return null;
  pending.delete(trx);
  return { changes: [...changes.values()], leastCounter: leastCounter.get(trx) ?? 0 };
}
