import { sql } from 'kysely';
import { BrokerError } from '../../errors/broker-error.ts';
import { engineOf } from '../database/engine.ts';
import type { Db } from '../db.ts';
import { readChecked } from './authentic-rows.ts';
import { bucketOf, type NamedRow, type RowMac, rowName } from './authenticated-set.ts';
import { type Column, type Kind, kindNames, kinds, type ProtectedRow, rowContent, rowId } from './kinds.ts';
import { addend, mac, macHolds, macKeysOf } from './mac-keys.ts';
import { everyRow, inParts, macsOf } from './mac-queries.ts';
import { finishHead } from './write-macs.ts';

/**
 * Gives every row of a store its MAC, even if another program wrote it: for a store of an earlier version, a restored store,
 * or one that a person accepts as it is. The change counter continues after `counter`.
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
 * Checks every row that grants access, if there are at most `limit`. Returns the rows that were changed from outside: each of
 * them is refused wherever it is used. Throws `E_INTEGRITY` or `E_STORE_ROLLED_BACK` if rows were added, put back or removed.
 */
export async function checkEveryRow(db: Db, limit: number): Promise<NamedRow[]> {
  const keys = macKeysOf(db);
  if (keys === null) return [];
  const changed: NamedRow[] = [];
  const read = async () => {
    const rows = await rowsOfEveryKind(db, limit + 1);
    return { result: null, rows: rows.length > limit ? [] : rows };
  };
  await readChecked(db, keys, read, { changed, ofEveryRow: true });
  return changed;
}

/** At most `limit` protected rows of any kind. One statement, because a command that only reads makes few others. */
async function rowsOfEveryKind(db: Db, limit: number): Promise<NamedRow[]> {
  const isPostgres = engineOf(db) === 'postgres';
  // As text, because kysely would take longer to build so many names than SQLite takes for the statement.
  const parts = kindNames.map(
    (kind) => `select '${kind}' as kind, ${valuesOf(kind, isPostgres)} from ${kinds[kind].table}`,
  );
  const { rows } = await sql<Record<string, string | number | null> & { kind: Kind }>`
    ${sql.raw(parts.join(' union all '))} limit ${limit}`.execute(db);
  return rows.map(({ kind, ...values }) => {
    const row = Object.fromEntries(kinds[kind].columns.map((column, at) => [column, values[`value${at}`]]));
    return { kind, row } as unknown as NamedRow;
  });
}

const mostColumns = Math.max(...kindNames.map((kind) => kinds[kind].columns.length));

/**
 * The same number of columns for every kind. On PostgreSQL, a column has one type in all parts of a union, so the values are
 * JSON, which keeps the type of each.
 */
function valuesOf(kind: Kind, isPostgres: boolean): string {
  const names: readonly string[] = kinds[kind].columns;
  return Array.from({ length: mostColumns }, (_, at) => {
    const name = names[at];
    if (name === undefined) return `${isPostgres ? 'null::jsonb' : 'null'} as value${at}`;
    return `${isPostgres ? `to_jsonb(${name})` : name} as value${at}`;
  }).join(', ');
}

/** Rows that this program did not write, or that another program changed since. */
export async function foreignRows(trx: Db): Promise<{ kind: Kind; row: ProtectedRow<Kind> }[]> {
  const keys = macKeysOf(trx);
  if (keys === null) return [];
  const foreign: { kind: Kind; row: ProtectedRow<Kind> }[] = [];
  for (const kind of kindNames) {
    const rows: ProtectedRow<Kind>[] = [];
    for await (const row of everyRow(trx, kind)) rows.push(row);
    const macs = await macsOf(
      trx,
      rows.map((row) => ({ kind, id: rowId(kind, row) })),
    );
    for (const row of rows) {
      const known = macs.get(rowName(kind, rowId(kind, row)));
      if (known === undefined || macHolds(keys, 'row', rowContent(kind, row), known) !== true) {
        foreign.push({ kind, row });
      }
    }
  }
  return foreign;
}

/** Removes a row, even if another program wrote it. For use before `authenticateAll`. */
export async function deleteRow(trx: Db, kind: Kind, row: ProtectedRow<Kind>): Promise<void> {
  const { table, id } = kinds[kind];
  await trx
    .deleteFrom(table)
    .where(({ eb, and }) =>
      and(id.map((column) => eb(column as never, '=', row[column as Column<Kind>] as never))),
    )
    .execute();
}
