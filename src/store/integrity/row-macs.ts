import type { SqlBool } from 'kysely';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { newestDataKey } from '../keys/keys.ts';
import {
  type BucketDigest,
  bucketOf,
  digestText,
  headText,
  KeyUnknown,
  type NamedRow,
  NotAuthentic,
  noDigest,
  type Question,
  type RowMac,
  rowName,
  type SetHead,
  setOf,
} from './authenticated-set.ts';
import {
  type Column,
  type Kind,
  kindNames,
  kinds,
  kindTitles,
  type ProtectedRow,
  rowContent,
  rowId,
} from './kinds.ts';
import { addend, type DataKeys, mac, macHolds, macKeysOf } from './mac-keys.ts';
import { untrusted } from './untrusted.ts';

/*
 * Every function that changes rows which grant access says so before, with `changing`, `created` or `removing`. At the
 * end of the transaction the rows are read once more, and get their codes. A store that was opened without its keys
 * cannot do that, and is refused.
 */

/** How many names go into one statement. */
const namesPerStatement = 150;

/** Readers may meet a change between two statements; then they read again. More often than this it is none. */
const readingsAtMost = 20;

export async function rowMacHead(db: Db): Promise<SetHead | null> {
  const row = await db.selectFrom('row_mac_head').select(['counter', 'mac']).executeTakeFirst();
  return row ?? null;
}

/** Reads rows of a kind, and returns them only if they are what this program wrote last. Throws `E_INTEGRITY`, `E_STORE_ROLLED_BACK`. */
export async function authentic<K extends Kind, R extends ProtectedRow<K>>(
  db: Db,
  kind: K,
  read: () => Promise<R[]>,
): Promise<R[]> {
  const keys = macKeysOf(db);
  if (keys === null) return await read();
  return await readChecked(db, keys, async () => {
    const result = await read();
    const own = pending.get(db);
    const foreign = result.filter((row) => !own?.has(rowName(kind, rowId(kind, row))));
    return { result, rows: foreign.map((row) => ({ kind, row }) as unknown as NamedRow) };
  });
}

/** The same for one row. */
export async function authenticRow<K extends Kind, R extends ProtectedRow<K>>(
  db: Db,
  kind: K,
  read: () => Promise<R | undefined>,
): Promise<R | undefined> {
  const rows = await authentic(db, kind, async () => {
    const row = await read();
    return row === undefined ? [] : [row];
  });
  return rows[0];
}

/** Reads and checks rows of any kind until both show the same state. */
export async function readChecked<T>(
  db: Db,
  keys: DataKeys,
  read: () => Promise<{ result: T; rows: readonly NamedRow[] }>,
  changed?: NamedRow[],
): Promise<T> {
  let before = '';
  for (let reading = 1; ; reading += 1) {
    const { result, rows } = await read();
    if (rows.length === 0) return result;
    const head = await rowMacHead(db);
    try {
      const found: NamedRow[] = [];
      await answered(db, setOf(keys).check(head, rows, changed && found));
      // What is read twice the same was not only met between two statements.
      if (found.length === 0 || JSON.stringify([head, rows]) === before) {
        changed?.push(...found);
        return result;
      }
      before = JSON.stringify([head, rows]);
    } catch (error) {
      if (!(error instanceof NotAuthentic || error instanceof KeyUnknown)) throw error;
      const state = JSON.stringify([head, rows]);
      if (state === before || reading >= readingsAtMost) throw untrusted(error);
      before = state;
      if (error instanceof KeyUnknown) await keys.refresh(db.isTransaction ? db : undefined);
    }
  }
}

/** Answers what a check has to read. */
export async function answered<T>(db: Db, steps: Generator<Question, T, unknown[]>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) step = steps.next(await ask(db, step.value));
  return step.value;
}

async function ask(db: Db, question: Question): Promise<unknown[]> {
  if ('digests' in question) {
    return (await db.selectFrom('row_mac_bucket').selectAll().execute()) satisfies BucketDigest[];
  }
  return (await db
    .selectFrom('row_mac')
    .select(['kind', 'id', 'mac'])
    .where('bucket', '=', question.bucket)
    .execute()) satisfies RowMac[];
}

/** What no row's content is. */
const foreignContent = 'changed from outside';

interface Change {
  kind: Kind;
  id: string;
  /** Whether the digest of its bucket has a part of this row. */
  counts: boolean;
  /** Somebody else changed it, so it gets a code that fits no row. */
  foreign?: boolean;
}

/** What each transaction has changed so far, by name. */
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
 * Rows are about to be changed. What somebody else changed in them is not signed along: throws `E_INTEGRITY`. Of these IDs
 * there may be rows or not.
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

/** Rows are about to be removed, even if another program wrote them. */
export async function removing(trx: Db, kind: Kind, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const fresh = ids.filter((id) => !pendingOf(trx).has(rowName(kind, id)));
  const keys = macKeysOf(trx);
  if (keys !== null && fresh.length > 0) {
    const head = await rowMacHead(trx);
    if (head !== null) {
      const digests = await answered(trx, setOf(keys).checkHead(head)).catch(() => null);
      for (const id of fresh) {
        const counts = digests === null || (await countsInDigest(trx, keys, digests, rowName(kind, id)));
        note(trx, kind, [id], counts);
      }
      return;
    }
  }
  note(trx, kind, fresh, false);
}

/** A row that was put in from outside is no part of the digest: without it, the bucket is right again. */
async function countsInDigest(
  trx: Db,
  keys: DataKeys,
  digests: ReadonlyMap<number, string>,
  name: string,
): Promise<boolean> {
  const bucket = bucketOf(name);
  const rows = (await ask(trx, { bucket })) as RowMac[];
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

/** The head is written at the end of this transaction, whether rows change or not. Its counter continues after `counter`. */
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

/** Gives the rows that a transaction has changed their codes, at its end. */
export async function authenticateChanges(trx: Db): Promise<void> {
  const changes = pending.get(trx);
  pending.delete(trx);
  if (changes === undefined) return;
  await writeChanges(trx, [...changes.values()]);
}

async function writeChanges(trx: Db, changes: readonly Change[]): Promise<void> {
  const keys = macKeysOf(trx);
  if (keys === null) {
    if ((await rowMacHead(trx)) === null) return;
    throw new BrokerError('E_KEY', "This changes what grants access, and the store's key is not open.");
  }
  const next = await nextHead(trx, keys, leastCounter.get(trx));
  if (next === null) return;
  const old = await macsOf(
    trx,
    changes.filter(({ counts }) => counts),
  );
  const contents = await contentsOf(trx, changes);
  const sums = new Map<number, bigint>();
  const written: (RowMac & { bucket: number })[] = [];
  const removed: Change[] = [];
  for (const change of changes) {
    const name = rowName(change.kind, change.id);
    const bucket = bucketOf(name);
    const content = change.foreign ? foreignContent : contents.get(name);
    const fresh = content === undefined ? null : mac(keys, 'row', content);
    const before = old.get(name);
    let sum = sums.get(bucket) ?? BigInt(`0x${next.digests.get(bucket) ?? noDigest}`);
    if (before !== undefined) sum -= addend(keys, name, before) ?? 0n;
    if (fresh !== null) sum += addend(keys, name, fresh) ?? 0n;
    sums.set(bucket, sum);
    if (fresh === null) removed.push(change);
    else written.push({ bucket, kind: change.kind, id: change.id, mac: fresh });
  }
  for (const part of inParts(written)) {
    await trx
      .insertInto('row_mac')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .columns(['bucket', 'kind', 'id'])
          .doUpdateSet((expression) => ({ mac: expression.ref('excluded.mac') })),
      )
      .execute();
  }
  for (const part of inParts(removed)) {
    await trx
      .deleteFrom('row_mac')
      .where(({ eb, or }) => or(part.map((each) => named(eb, each))))
      .execute();
  }
  await finishHead(trx, keys, next, sums);
}

interface NextHead {
  counter: number;
  digests: ReadonlyMap<number, string>;
}

/** Takes the next number, so that others wait until this transaction ends. Null where rows have no codes yet. */
async function nextHead(trx: Db, keys: DataKeys, atLeast = 0): Promise<NextHead | null> {
  // The row is locked from here on.
  const before = await trx
    .updateTable('row_mac_head')
    .set({ id: 1 })
    .where('id', '=', 1)
    .returning(['counter', 'mac'])
    .executeTakeFirst();
  if (before === undefined) return null;
  const counter = Math.max(before.counter, atLeast) + 1;
  if ((await newestDataKey(trx))?.id !== keys.ring.primaryKey.id) await keys.refresh(trx);
  try {
    const digests = await answered(trx, setOf(keys).checkHead(before, false)).catch(
      async (error: unknown) => {
        if (!(error instanceof KeyUnknown)) throw error;
        await keys.refresh(trx);
        return await answered(trx, setOf(keys).checkHead(before, false));
      },
    );
    return { counter, digests };
  } catch (error) {
    if (error instanceof NotAuthentic || error instanceof KeyUnknown) throw untrusted(error);
    throw error;
  }
}

async function finishHead(
  trx: Db,
  keys: DataKeys,
  next: NextHead,
  sums: ReadonlyMap<number, bigint>,
): Promise<void> {
  const digests = new Map(next.digests);
  const changed = [...sums].map(([bucket, sum]) => ({ bucket, digest: digestText(sum) }));
  for (const { bucket, digest } of changed) digests.set(bucket, digest);
  for (const part of inParts(changed)) {
    await trx
      .insertInto('row_mac_bucket')
      .values(part)
      .onConflict((conflict) =>
        conflict
          .column('bucket')
          .doUpdateSet((expression) => ({ digest: expression.ref('excluded.digest') })),
      )
      .execute();
  }
  await trx
    .updateTable('row_mac_head')
    .set({ counter: next.counter, mac: mac(keys, 'head', headText(next.counter, digests)) })
    .where('id', '=', 1)
    .execute();
}

/**
 * Gives every row of a store its MAC, even if another program wrote it: for a store of an earlier version, a restored one, or one that
 * the person accepts as it is. The change counter continues after `counter`.
 */
export async function authenticateAll(trx: Db, counter: number): Promise<void> {
  const keys = macKeysOf(trx);
  if (keys === null) throw new BrokerError('E_KEY', "The store's key is not open.");
  for (const table of ['row_mac', 'row_mac_bucket', 'row_mac_head'] as const) {
    await trx.deleteFrom(table).execute();
  }
  const sums = new Map<number, bigint>();
  const written: (RowMac & { bucket: number })[] = [];
  for (const kind of kindNames) {
    for await (const row of everyRow(trx, kind)) {
      const id = rowId(kind, row);
      const name = rowName(kind, id);
      const bucket = bucketOf(name);
      const rowMac = mac(keys, 'row', rowContent(kind, row));
      sums.set(bucket, (sums.get(bucket) ?? 0n) + (addend(keys, name, rowMac) ?? 0n));
      written.push({ bucket, kind, id, mac: rowMac });
    }
  }
  for (const part of inParts(written)) await trx.insertInto('row_mac').values(part).execute();
  await trx
    .insertInto('row_mac_head')
    .values({ id: 1, counter: counter + 1, mac: '' })
    .execute();
  await finishHead(trx, keys, { counter: counter + 1, digests: new Map() }, sums);
}

/**
 * Checks every row that grants access, where there are no more than `limit`. Returns those that were changed from
 * outside: each of them is refused wherever it is used. Throws `E_INTEGRITY`, `E_STORE_ROLLED_BACK` where rows were added, put
 * back or removed.
 */
export async function checkEveryRow(db: Db, limit: number): Promise<NamedRow[]> {
  const keys = macKeysOf(db);
  if (keys === null) return [];
  const changed: NamedRow[] = [];
  const read = async () => {
    const rows: NamedRow[] = [];
    for (const kind of kindNames) {
      const { table, columns } = kinds[kind];
      const query = db.selectFrom(table).select(columns as never);
      const part = await query.limit(limit - rows.length + 1).execute();
      for (const row of part) rows.push({ kind, row } as unknown as NamedRow);
      if (rows.length > limit) return { result: null, rows: [] };
    }
    return { result: null, rows };
  };
  await readChecked(db, keys, read, changed);
  return changed;
}

/**
 * Gives some rows whose code was made with an older data key one of the newest, within the caller's transaction. What
 * was changed from outside stays refused. Returns how many there were.
 */
export async function renewMacs(trx: Db, newestKeyId: string, limit: number): Promise<number> {
  const outdated = await outdatedMacs(trx, newestKeyId, limit);
  for (const { kind, id } of outdated) {
    try {
      await changing(trx, kind, [id]);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      await removing(trx, kind, [id]);
      const change = pendingOf(trx).get(rowName(kind, id));
      if (change !== undefined) change.foreign = true;
    }
  }
  return outdated.length;
}

async function outdatedMacs(
  trx: Db,
  newestKeyId: string,
  limit: number,
): Promise<{ kind: Kind; id: string }[]> {
  const start = `${newestKeyId.slice(0, 8)}.`;
  const rows = await trx
    .selectFrom('row_mac')
    .select(['kind', 'id'])
    .where(({ eb, fn, val }) => eb(fn<string>('substr', ['mac', val(1), val(start.length)]), '<>', start))
    .limit(limit)
    .execute();
  return rows.map(({ kind, id }) => ({ kind: kind as Kind, id }));
}

/** Rows that this program did not write, or that were changed since, at most so many of a kind. */
export async function foreignRows(trx: Db): Promise<{ kind: Kind; row: ProtectedRow<Kind> }[]> {
  const keys = macKeysOf(trx);
  if (keys === null) return [];
  const foreign: { kind: Kind; row: ProtectedRow<Kind> }[] = [];
  for (const kind of kindNames) {
    let part: ProtectedRow<Kind>[] = [];
    const checkPart = async () => {
      const macs = await macsOf(
        trx,
        part.map((row) => ({ kind, id: rowId(kind, row) })),
      );
      for (const row of part) {
        const known = macs.get(rowName(kind, rowId(kind, row)));
        if (known === undefined || macHolds(keys, 'row', rowContent(kind, row), known) !== true) {
          foreign.push({ kind, row });
        }
      }
      part = [];
    };
    const all: ProtectedRow<Kind>[] = [];
    for await (const row of everyRow(trx, kind)) all.push(row);
    for (const row of all) {
      part.push(row);
      if (part.length === namesPerStatement) await checkPart();
    }
    await checkPart();
  }
  return foreign;
}

/** Removes a row, even if another program wrote it. */
export async function deleteRow(trx: Db, kind: Kind, row: ProtectedRow<Kind>): Promise<void> {
  const { table, id } = kinds[kind];
  await trx
    .deleteFrom(table)
    .where(({ eb, and }) =>
      and(id.map((column) => eb(column as never, '=', row[column as Column<Kind>] as never))),
    )
    .execute();
}

function everyRow(db: Db, kind: Kind): AsyncIterable<ProtectedRow<Kind>> {
  const { table, columns } = kinds[kind];
  return db
    .selectFrom(table)
    .select(columns as never)
    .stream(500) as AsyncIterable<ProtectedRow<Kind>>;
}

async function contentsOf(trx: Db, changes: readonly Change[]): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const kind of kindNames) {
    const ids = changes.filter((change) => change.kind === kind).map(({ id }) => id);
    for (const [id, row] of await rowsOf(trx, kind, ids)) {
      contents.set(rowName(kind, id), rowContent(kind, row));
    }
  }
  return contents;
}

async function rowsOf(trx: Db, kind: Kind, ids: readonly string[]): Promise<Map<string, ProtectedRow<Kind>>> {
  const { table, columns, id: idColumns } = kinds[kind];
  const found = new Map<string, ProtectedRow<Kind>>();
  for (const part of inParts(ids)) {
    const rows = (await trx
      .selectFrom(table)
      .select(columns as never)
      .where(({ eb, or, and }) =>
        or(
          part.map((id) => {
            const values = id.split('/');
            return and(idColumns.map((column, at) => eb(column as never, '=', values[at] as never)));
          }),
        ),
      )
      .execute()) as unknown as ProtectedRow<Kind>[];
    for (const row of rows) found.set(rowId(kind, row), row);
  }
  return found;
}

async function macsOf(trx: Db, names: readonly Pick<Change, 'kind' | 'id'>[]): Promise<Map<string, string>> {
  const macs = new Map<string, string>();
  for (const part of inParts(names)) {
    const rows = await trx
      .selectFrom('row_mac')
      .select(['kind', 'id', 'mac'])
      .where(({ eb, or }) => or(part.map((each) => named(eb, each))))
      .execute();
    for (const row of rows) macs.set(rowName(row.kind as Kind, row.id), row.mac);
  }
  return macs;
}

function named(
  eb: import('kysely').ExpressionBuilder<import('../schema.ts').Schema, 'row_mac'>,
  { kind, id }: Pick<Change, 'kind' | 'id'>,
): import('kysely').Expression<SqlBool> {
  return eb.and([eb('bucket', '=', bucketOf(rowName(kind, id))), eb('kind', '=', kind), eb('id', '=', id)]);
}

function inParts<T>(all: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += namesPerStatement)
    parts.push(all.slice(at, at + namesPerStatement));
  return parts;
}
