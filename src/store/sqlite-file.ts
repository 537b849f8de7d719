import { DatabaseSync } from 'node:sqlite';

/** How long one process waits for another to finish writing, before it gives up. Milliseconds. */
const busyTimeoutMs = 10_000;

/**
 * Opens the database so that a commit is on the disk when it returns, and so that what was deleted is overwritten.
 * These are settings of the connection, not of the file: every opening has to make them.
 */
export function openSqliteFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma secure_delete = on');
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
