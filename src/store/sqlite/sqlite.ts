import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DatabaseConnection,
  type Dialect,
  type DialectAdapter,
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
} from 'kysely';
import { BrokerError } from '../../errors/broker-error.ts';
import { sqliteFailure } from './failures.ts';
import { busyTimeoutMs, openSqliteFile } from './file.ts';

/** The delay between attempts to get a lock that another process holds. Milliseconds. */
const lockPollMs = 10;

/** The maximum number of cached prepared statements. Preparing one takes longer than most queries. */
const mostStatements = 200;

/**
 * kysely's SQLite dialect on Node's own SQLite. Transactions begin as `immediate`: a deferred one that reads
 * first and writes later fails immediately if another process wrote in between, instead of waiting for the lock.
 */
export function sqliteDialect(file: string): Dialect {
  const database = translateErrors(file, () => openSqliteFile(file));
  // SQLite would wait inside the call and block the event loop; `YieldingDriver` waits instead.
  database.exec('pragma busy_timeout = 0');
  const config = { database: adapt(database, file) };
  return new (class extends SqliteDialect {
    override createAdapter(): DialectAdapter {
      return new TransactionalDdlAdapter();
    }
    override createDriver(): Driver {
      return new YieldingDriver(config);
    }
  })(config);
}

/** Waits for another process's lock between turns of the event loop, so that a server can handle requests meanwhile. */
class YieldingDriver extends SqliteDriver {
  readonly #yielding = new WeakMap<DatabaseConnection, DatabaseConnection>();

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    const yielding = this.#yielding.get(connection) ?? yieldingConnection(connection);
    this.#yielding.set(connection, yielding);
    return yielding;
  }
}

function yieldingConnection(connection: DatabaseConnection): DatabaseConnection {
  return {
    executeQuery: (query, ...rest) => whenUnlocked(() => connection.executeQuery(query, ...rest)),
    streamQuery: (query, ...rest) => connection.streamQuery(query, ...rest),
  };
}

/** A statement that finds the database locked has changed nothing, and can be repeated. */
async function whenUnlocked<T>(execute: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return await execute();
    } catch (error) {
      const isBusy = error instanceof BrokerError && error.code === 'E_STORE_BUSY';
      if (!isBusy || performance.now() > deadline) throw error;
    }
    await sleep(lockPollMs);
  }
}

/** SQLite rolls back schema changes like any others, so that a migration is atomic. */
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
  const statements = new Map<string, SqliteStatement>();
  return {
    close() {
      try {
        // Updates the statistics of tables that grew since the last time; costs nothing if none did.
        database.exec('pragma busy_timeout = 0; pragma optimize');
      } catch {
        // Another process is writing, or the disk is full. Queries do not depend on the statistics.
      }
      database.close();
    },
    prepare(sql): SqliteStatement {
      // A full disk ends the transaction by itself. A failing rollback must not hide that error.
      if (sql === 'rollback' && !database.isTransaction) return nothing;
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = translateErrors(file, () =>
        database.prepare(sql === 'begin' ? 'begin immediate' : sql),
      );
      const reused: SqliteStatement = {
        // Describing the columns takes longer than preparing most statements, and every `select` has columns.
        reader: sql.startsWith('select ') || statement.columns().length > 0,
        all: (values) => translateErrors(file, () => statement.all(...sqlValues(values))),
        iterate: (values) => statement.iterate(...sqlValues(values)),
        run: (values) => translateErrors(file, () => statement.run(...sqlValues(values))),
      };
      if (statements.size >= mostStatements) statements.delete(statements.keys().next().value ?? '');
      statements.set(sql, reused);
      return reused;
    },
  };
}

/** kysely does not know the types; the database checks them. */
function sqlValues(values: readonly unknown[]): SQLInputValue[] {
  return values as SQLInputValue[];
}
