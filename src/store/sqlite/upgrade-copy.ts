import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { fsyncDirectory } from '../../files/private-files.ts';
import { openSqliteFile } from './file.ts';

/*
 * Before the schema of a SQLite store is upgraded, the whole store is copied next to it. The version that wrote the store
 * can use the copy, for example if the new version turns out not to work.
 */

/** After this time, the copy is deleted. Milliseconds. */
const keepMs = 30 * 86_400_000;

const infix = '.as-of-';

/**
 * Copies a store whose newest migration is `schema`, and removes earlier copies. Only its owner can read the copy. Returns
 * its path; null if another process has upgraded the store meanwhile, and keeps the copy. Throws what SQLite throws, for
 * example if the disk is full: the store should not be upgraded then.
 */
export function copyBeforeUpgrade(file: string, schema: string): string | null {
  const copy = `${file}${infix}${schema}`;
  const unfinished = `${copy}.${process.pid}`;
  rmSync(unfinished, { force: true });
  closeSync(openSync(unfinished, 'wx', 0o600));
  try {
    writeCopy(file, unfinished);
    if (newestMigrationOf(unfinished) !== schema) return null;
    renameSync(unfinished, copy);
    fsyncDirectory(dirname(copy));
  } finally {
    rmSync(unfinished, { force: true });
  }
  for (const other of upgradeCopies(file)) if (other !== copy) rmSync(other, { force: true });
  return copy;
}

/** Deletes the copies of a store that are older than 30 days, or all of them. `now` in epoch milliseconds. */
export function deleteUpgradeCopies(file: string, now: number | 'all'): void {
  for (const copy of upgradeCopies(file)) {
    if (now === 'all' || statSync(copy).mtimeMs < now - keepMs) rmSync(copy, { force: true });
  }
}

/** The paths of the copies of a store. */
export function upgradeCopies(file: string): string[] {
  const folder = dirname(file);
  if (!existsSync(folder)) return [];
  const prefix = `${basename(file)}${infix}`;
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix));
  return names.map((name) => join(folder, name));
}

/** SQLite writes what one transaction sees, even if others write at the same time. */
function writeCopy(file: string, copy: string): void {
  const database = openSqliteFile(file);
  try {
    database.prepare('vacuum into ?').run(copy);
  } finally {
    database.close();
  }
  const descriptor = openSync(copy, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function newestMigrationOf(copy: string): unknown {
  const database: DatabaseSync = openSqliteFile(copy);
  try {
    // Without the files of a write-ahead log next to it.
    database.exec('pragma journal_mode = delete');
    return database.prepare('select max(name) as name from kysely_migration').get()?.name;
  } finally {
    database.close();
  }
}
