import type { DatabaseSync } from 'node:sqlite';
import {
  type Dialect,
  type DialectAdapter,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely';
import { openSqliteFile } from './sqlite-file.ts';

/**
 * kysely's SQLite dialect on Node's own SQLite. Transactions begin as `immediate`: a deferred one that reads
 * first and writes later fails at once when another process wrote in between, instead of waiting its turn.
 */
export function sqliteDialect(file: string): Dialect {
  const database = openSqliteFile(file);
  return new (class extends SqliteDialect {
    override createAdapter(): DialectAdapter {
      return new TransactionalDdlAdapter();
    }
  })({ database: adapt(database) });
}

/** SQLite rolls table changes back like any others, so that a migration happens whole or not at all. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(sql): SqliteStatement {
      const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql);
      const parameters = (values: readonly unknown[]) => values as (string | number | bigint | null)[];
      return {
        reader: statement.columns().length > 0,
        all: (values) => statement.all(...parameters(values)),
        iterate: (values) => statement.iterate(...parameters(values)),
        run: (values) => statement.run(...parameters(values)),
      };
    },
  };
}
