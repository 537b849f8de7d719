import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Db } from '../../../src/store/db.ts';
import { openStore } from '../../../src/store/store.ts';
import { atEnd } from '../for-file.ts';
import { stepHangsMs } from '../hang-limits.ts';
import { newPlace } from './engines.ts';

/** A new store on the engine under test, closed when the test ends. `file` is its location. */
export async function newStore(): Promise<{ db: Db; file: string }> {
  const file = await newPlace();
  return { db: await reopened(file), file };
}

/** Opens the store again, as another process would. */
export async function reopened(file: string): Promise<Db> {
  const db = await openStore(file);
  atEnd(() => db.destroy());
  return db;
}

/** The SQLite database as another program opens it, without this program's settings. */
export function fromOutside(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: stepHangsMs, enableForeignKeyConstraints: false });
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}
