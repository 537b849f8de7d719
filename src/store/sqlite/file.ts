import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { requireWholeNumbers } from '../database/whole-numbers.ts';

/** How long a process waits for another one to finish writing before it gives up. Milliseconds. */
export const busyTimeoutMs = 10_000;

/**
 * Opens the database so that a commit is on disk when it returns, and so that deleted data is overwritten. These are
 * settings of the connection, not of the file: every connection needs them.
 */
export function openSqliteFile(file: string): DatabaseSync {
  const database = new StoreDatabase(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    useWriteAheadLog(database);
    database.exec('pragma synchronous = full; pragma secure_delete = on');
    // A container may have no other writable folder, and data of the store must not be in a shared one.
    database.exec('pragma temp_store = memory');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** How long to wait before the next attempt to change a new file. Milliseconds. */
const retryMs = 5;

/** The result code SQLITE_BUSY, without the bits of the extended codes. */
export const busy = 5;

/**
 * The first process that opens a new file changes it to a write-ahead log. If several do so at the same moment, SQLite does
 * not wait, despite the timeout, because they could wait for each other.
 */
function useWriteAheadLog(database: DatabaseSync): void {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal');
      return;
    } catch (error) {
      const { errcode = 0 } = error as { errcode?: number };
      if ((errcode & 0xff) !== busy || performance.now() > deadline) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs);
  }
}

/** Checks every value that is bound to a statement, wherever the statement is prepared. */
class StoreDatabase extends DatabaseSync {
  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    for (const name of ['all', 'get', 'iterate', 'run'] as const) checkValuesOf(statement, name);
    return statement;
  }
}

function checkValuesOf(statement: StatementSync, name: 'all' | 'get' | 'iterate' | 'run'): void {
  const act = statement[name] as (...values: unknown[]) => unknown;
  const checked = (...values: unknown[]) => {
    requireWholeNumbers(values);
    return act.apply(statement, values);
  };
  Object.defineProperty(statement, name, { value: checked });
}
