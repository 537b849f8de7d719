import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { BrokerError } from '../../errors/broker-error.ts';
import { verifyAudit } from '../audit/audit.ts';
import { rowText } from '../audit/chain.ts';
import { hasAuditRows } from '../audit/heads.ts';
import type { Db } from '../db.ts';
import { withSnapshot } from './snapshot.ts';
import { type Table, tables } from './tables.ts';
import { withWholeNumbers } from './whole-numbers.ts';

/** The content of a table: the number of its rows, and one hash over all of them in any order. */
export interface TableContent {
  table: Table;
  rows: number;
  sha256: string;
}

export interface CopyOptions {
  /** Called now and then with the number of rows copied of a table. */
  progress?: (table: Table, rows: number) => void;
  /** More checks of the copy before it is committed. If it throws, the copy is rolled back. */
  prove?: (copy: Db) => Promise<void>;
}

/** The tables that opening a new store may fill. Their content can be overwritten. */
const disposableTables: readonly Table[] = [
  'meta',
  'key_encryption_key',
  'wrapped_data_key',
  'key_host',
  'sign_in',
  'web_session',
  'access_link',
  'counter',
  'row_mac',
  'row_mac_bucket',
  'row_mac_head',
  'audit_chain',
  'audit_head',
];

/**
 * Copies a store into an empty one, on the same engine or the other. Reads everything in one snapshot, writes it in one transaction,
 * and reads it back and compares it before the commit. If this fails, the target stays empty.
 * Throws `E_STORE_NOT_EMPTY`, `E_STORE_COPY` if the copy differs from the original.
 */
export async function copyStore(from: Db, to: Db, options: CopyOptions = {}): Promise<TableContent[]> {
  return await withSnapshot(from, (snapshot) =>
    to.transaction().execute(async (trx) => {
      await empty(trx);
      const contents: TableContent[] = [];
      for (const table of tables) contents.push(await copyTable(snapshot, trx, table, options.progress));
      for (const original of contents) await compare(trx, original);
      const { broken } = await verifyAudit(trx);
      if (broken !== null) {
        throw new BrokerError(
          'E_STORE_COPY',
          `The audit log is broken at ${rowText(broken)}: ${broken.reason}.`,
          {
            help: {
              text: 'Nothing was copied. The log of the original is broken, too. To see where, verify it',
              command: ['log', '--verify'],
            },
          },
        );
      }
      await options.prove?.(trx);
      return contents;
    }),
  );
}

/** Whether something was recorded in a store after it was copied. */
export async function changedSince(db: Db, contents: TableContent[]): Promise<boolean> {
  const before = contents.find(({ table }) => table === 'audit_head');
  const now = new ContentHash();
  for await (const row of rowsOf(db, 'audit_head')) now.add(row);
  return now.toString() !== before?.sha256;
}

async function empty(to: Db): Promise<void> {
  for (const table of tables) {
    const holds = await to.selectFrom(table).select(sql<number>`1`.as('one')).limit(1).executeTakeFirst();
    if (holds !== undefined && !disposableTables.includes(table)) throw notEmpty();
  }
  if (await hasAuditRows(to)) throw notEmpty();
  await clearTables(to);
}

function notEmpty(): BrokerError {
  return new BrokerError('E_STORE_NOT_EMPTY', 'The store to copy into is not empty.', {
    help: 'Nothing was changed. Create a new database, or name a file that does not exist yet.',
  });
}

/** Whether a store was never used: it has no profile, and nothing in its audit log. */
export async function isUnused(db: Db): Promise<boolean> {
  const profile = await db.selectFrom('profile').select('id').limit(1).executeTakeFirst();
  return profile === undefined && !(await hasAuditRows(db));
}

/** Deletes every row of a store, in the caller's transaction. `only`: the existing tables, if some may be missing. */
export async function clearTables(trx: Db, only: readonly string[] = tables): Promise<void> {
  for (const table of tables.toReversed()) if (only.includes(table)) await trx.deleteFrom(table).execute();
}

/** Replaces every row of a store by those of another one, in the caller's transaction. */
export async function replaceRows(from: Db, trx: Db, progress?: CopyOptions['progress']): Promise<void> {
  await clearTables(trx);
  for (const table of tables) await copyTable(from, trx, table, progress);
}

/** The names of the existing tables. In a store with an earlier schema, some may be missing. */
export async function tableNames(db: Db): Promise<string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name);
}

/** Inserts up to a few hundred rows that were read from another store. */
export async function insertRows(trx: Db, table: Table, rows: readonly Row[]): Promise<void> {
  await trx
    .insertInto(table)
    .values(rows.map(withWholeNumbers) as never)
    .execute();
}

/** SQLite accepts 32,766 values in one statement, PostgreSQL 65,535. */
const valuesPerStatement = 20_000;

export async function copyTable(
  from: Db,
  to: Db,
  table: Table,
  progress?: CopyOptions['progress'],
): Promise<TableContent> {
  const content = new ContentHash();
  let batch: Row[] = [];
  const flush = async () => {
    if (batch.length > 0)
      await to
        .insertInto(table)
        .values(batch as never)
        .execute();
    batch = [];
    progress?.(table, content.rows);
  };
  for await (const row of rowsOf(from, table)) {
    content.add(row);
    batch.push(row);
    if (batch.length * Object.keys(row).length >= valuesPerStatement) await flush();
  }
  await flush();
  return { table, rows: content.rows, sha256: content.toString() };
}

/** Whether a table contains exactly the rows that were read from the original. */
export async function isSameContent(to: Db, original: TableContent): Promise<boolean> {
  const content = new ContentHash();
  for await (const row of rowsOf(to, original.table)) content.add(row);
  return content.rows === original.rows && content.toString() === original.sha256;
}

async function compare(to: Db, original: TableContent): Promise<void> {
  if (await isSameContent(to, original)) return;
  throw new BrokerError(
    'E_STORE_COPY',
    `The copy of the table ${original.table} differs from the original.`,
    {
      help: 'Nothing was copied. If this happens again, check the disk and memory of both hosts.',
    },
  );
}

export type Row = Record<string, string | number | null>;

/** Every row of a table, as it may be written into another store. */
export async function* rowsOf(db: Db, table: Table): AsyncGenerator<Row> {
  const rows = db.selectFrom(table).selectAll().stream(500) as AsyncIterable<Row>;
  for await (const row of rows) yield withWholeNumbers(row);
}

/** The sum of the rows' SHA-256: the engines return them in different orders. */
export class ContentHash {
  rows = 0;
  #sum = 0n;

  add(row: Row): void {
    const cells = Object.keys(row)
      .sort()
      .map((name) => [name, row[name]]);
    const hash = createHash('sha256').update(JSON.stringify(cells)).digest('hex');
    this.#sum = BigInt.asUintN(256, this.#sum + BigInt(`0x${hash}`));
    this.rows += 1;
  }

  toString(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}
