import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import {
  type Dialect,
  type DialectAdapter,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely';
import { sqliteFailure } from './failures.ts';
import { openSqliteFile } from './file.ts';

/**
 * kysely's SQLite dialect on Node's own SQLite. Transactions begin as `immediate`: a deferred one that reads
 * first and writes later fails at once when another process wrote in between, instead of waiting its turn.
 */
export function sqliteDialect(file: string): Dialect {
  const database = translateErrors(file, () => openSqliteFile(file));
  return new (class extends SqliteDialect {
    override createAdapter(): DialectAdapter {
      return new TransactionalDdlAdapter();
    }
  })({ database: adapt(database, file) });
}

/** SQLite rolls table changes back like any others, so that a migration happens whole or not at all. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function translateErrors<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw sqliteFailure(error, file);
  }
}

const nothing: SqliteStatement = {
  reader: false,
  all: () => [],
  iterate: () => [].values(),
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
};

function adapt(database: DatabaseSync, file: string): SqliteDatabase {
  return {
    close() {
      try {
        // Statistics for the tables that grew since the last time; costs nothing where none did.
        database.exec('pragma busy_timeout = 0; pragma optimize');
      } catch {
        // Another process writes, or the disk is full: the queries do not depend on it.
      }
      database.close();
    },
    prepare(sql): SqliteStatement {
      // A full disk ends a transaction by itself. That it cannot be ended again must not hide why.
      if (sql === 'rollback' && !database.isTransaction) return nothing;
      const statement = translateErrors(file, () =>
        database.prepare(sql === 'begin' ? 'begin immediate' : sql),
      );
      return {
        reader: statement.columns().length > 0,
        all: (values) => translateErrors(file, () => statement.all(...sqlValues(values))),
        iterate: (values) => statement.iterate(...sqlValues(values)),
        run: (values) => translateErrors(file, () => statement.run(...sqlValues(values))),
      };
    },
  };
}

/** kysely knows nothing of the types; the database checks them. */
function sqlValues(values: readonly unknown[]): SQLInputValue[] {
  return values as SQLInputValue[];
}
