import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Schema } from '../database/schema.ts';
import type { Db } from '../db.ts';
import {
  type BucketDigest,
  bucketOf,
  type Question,
  type RowMac,
  rowName,
  type SetHead,
} from './authenticated-set.ts';
import { type Kind, kinds, type ProtectedRow, rowId } from './kinds.ts';

/** Limits how many row names go into one statement. */
const namesPerStatement = 150;

/** Which row: its kind, and its ID within that kind. */
export interface RowName {
  kind: Kind;
  id: string;
}

/** The head of the set; null in a store whose rows have no MACs yet. */
export async function rowMacHead(db: Db): Promise<SetHead | null> {
  const row = await db.selectFrom('row_mac_head').select(['counter', 'mac']).executeTakeFirst();
  return row ?? null;
}

/** Runs a check, and reads from the database what it asks for. `ofEveryRow`: the store is small enough to read all buckets at once. */
export async function runCheck<T>(
  db: Db,
  steps: Generator<Question, T, unknown[]>,
  ofEveryRow = false,
): Promise<T> {
  let buckets: Map<number, RowMac[]> | null = null;
  let step = steps.next();
  while (step.done !== true) {
    if (ofEveryRow && 'bucket' in step.value) {
      buckets ??= await everyBucket(db);
      step = steps.next(buckets.get(step.value.bucket) ?? []);
    } else step = steps.next(await answer(db, step.value));
  }
  return step.value;
}

async function everyBucket(db: Db): Promise<Map<number, RowMac[]>> {
  const found = new Map<number, RowMac[]>();
  for (const row of await db.selectFrom('row_mac').select(['bucket', 'kind', 'id', 'mac']).execute()) {
    const rows = found.get(row.bucket);
    if (rows === undefined) found.set(row.bucket, [row]);
    else rows.push(row);
  }
  return found;
}

export async function answer(db: Db, question: Question): Promise<unknown[]> {
  if ('digests' in question) {
    return (await db.selectFrom('row_mac_bucket').selectAll().execute()) satisfies BucketDigest[];
  }
  return (await db
    .selectFrom('row_mac')
    .select(['kind', 'id', 'mac'])
    .where('bucket', '=', question.bucket)
    .execute()) satisfies RowMac[];
}

/** Every row of a kind, with the columns that its MAC covers. */
export function everyRow(db: Db, kind: Kind): AsyncIterable<ProtectedRow<Kind>> {
  const { table, columns } = kinds[kind];
  return db
    .selectFrom(table)
    .select(columns as never)
    .stream(500) as AsyncIterable<ProtectedRow<Kind>>;
}

/** Rows of a kind by ID, with the columns that their MACs cover. IDs without a row are absent. */
export async function rowsOf(
  trx: Db,
  kind: Kind,
  ids: readonly string[],
): Promise<Map<string, ProtectedRow<Kind>>> {
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

/** The stored MACs of these rows, by row name. */
export async function macsOf(trx: Db, names: readonly RowName[]): Promise<Map<string, string>> {
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

/** Selects the MAC of one row. */
export function named(eb: ExpressionBuilder<Schema, 'row_mac'>, { kind, id }: RowName): Expression<SqlBool> {
  return eb.and([eb('bucket', '=', bucketOf(rowName(kind, id))), eb('kind', '=', kind), eb('id', '=', id)]);
}

/** Splits a list into parts that each fit into one statement. */
export function inParts<T>(all: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < all.length; at += namesPerStatement)
    parts.push(all.slice(at, at + namesPerStatement));
  return parts;
}
