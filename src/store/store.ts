import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { BrokerError } from '../errors.ts';
import { privateFile } from '../private-files.ts';
import { migrationProvider } from './migrations/index.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

/** The database, or a transaction on it: every query takes one. */
export type Db = Kysely<Schema>;

/**
 * Opens the store and brings its tables up to date. SQLite gives its other files the permissions of the first one.
 * Throws `E_STORE_NEWER` where a newer version of the program has written it, `E_LOOSE_FILE` where others of this
 * machine may read it, `E_STORE` where it cannot be used.
 */
export async function openStore(sqliteFile: string): Promise<Db> {
  let db: Db | undefined;
  try {
    privateFile(sqliteFile);
    db = new Kysely<Schema>({ dialect: sqliteDialect(sqliteFile) });
    await migrate(db);
    return db;
  } catch (error) {
    await db?.destroy();
    throw error instanceof BrokerError ? error : unusable(sqliteFile, error);
  }
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: migrationProvider });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && /previously executed migration .* is missing/.test(error.message)) {
    throw new BrokerError('E_STORE_NEWER', 'The store was written by a newer version of this program.', {
      help: 'Use that version, or a newer one. Nothing was changed.',
      cause: error,
    });
  }
  throw error;
}

function unusable(file: string, cause: unknown): BrokerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('E_STORE', `The store ${file} cannot be used: ${reason}.`, {
    help: 'Nothing was changed. "webex-token doctor" looks closer.',
    cause,
  });
}
