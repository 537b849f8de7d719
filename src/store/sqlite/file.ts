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
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on');
    // A container has no other folder to write to, and nothing of the store belongs into a shared one.
    database.exec('pragma temp_store = memory');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
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
