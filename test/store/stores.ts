import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { type Db, openStore } from '../../src/store/store.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** A new store in a folder of its own, closed when the test ends. */
export async function newStore(): Promise<{ db: Db; file: string }> {
  const file = join(temporaryFolder(), 'store.db');
  return { db: await reopened(file), file };
}

/** The store once more, as another process would open it. */
export async function reopened(file: string): Promise<Db> {
  const db = await openStore(file);
  onTestFinished(() => db.destroy());
  return db;
}

/** The database as somebody from outside sees it, without this program's settings. */
export function fromOutside(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: false });
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}
