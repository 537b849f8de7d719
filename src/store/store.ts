import { type Dialect, Kysely, sql, type TransactionBuilder } from 'kysely';
import { BrokerError } from '../errors/broker-error.ts';
import { ensurePrivateFile } from '../files/private-files.ts';
import type { Schema } from './database/schema.ts';
import type { Db } from './db.ts';
import { authenticateChanges } from './integrity/write-macs.ts';
import { newestMigration } from './migrations/newest.ts';
import { isPostgresUrl, parsePostgresUrl, redactedLocation } from './postgres/url.ts';
import { sqliteDialect } from './sqlite/sqlite.ts';

export interface StoreOptions {
  /** Called before the schema of an existing SQLite store is upgraded, with the newest migration that it has. */
  beforeUpgrade?: (schema: string) => void;
}

/**
 * Opens the store and upgrades its schema. `place` is a SQLite file, whose permissions SQLite gives the other files next to
 * it, or the URL of a PostgreSQL database.
 * Throws `E_STORE_NEWER` if a newer version of the program has written it, `E_FILE_PERMISSIONS` if other users can read it,
 * `E_STORE_UNREACHABLE` if the database does not respond, `E_STORE` if it cannot be used.
 */
export async function openStore(place: string, { beforeUpgrade }: StoreOptions = {}): Promise<Db> {
  let db: Db | undefined;
  try {
    db = new Store({ dialect: await dialectOf(place) });
    const newest = await newestExecuted(db);
    if (newest !== newestMigration) {
      const { isUpgradable, upgradeSchema } = await import('./migrations/upgrade.ts');
      if (newest !== null && (await isUpgradable(newest)) && !isPostgresUrl(place)) beforeUpgrade?.(newest);
      await upgradeSchema(db, newest);
    }
    return db;
  } catch (error) {
    await db?.destroy();
    throw error instanceof BrokerError ? error : unusable(redactedLocation(place), error);
  }
}

/** A database whose transactions end with writing the MACs of the rows that they changed; see `integrity/changes.ts`. */
class Store extends Kysely<Schema> {
  override transaction(): TransactionBuilder<Schema> {
    const builder = super.transaction();
    const execute = builder.execute.bind(builder);
    builder.execute = (action) =>
      execute(async (trx) => {
        const result = await action(trx);
        await authenticateChanges(trx);
        return result;
      });
    return builder;
  }
}

async function dialectOf(place: string): Promise<Dialect> {
  if (isPostgresUrl(place)) {
    // Not loaded for SQLite.
    const { postgresDialect } = await import('./postgres/postgres.ts');
    return postgresDialect(parsePostgresUrl(place));
  }
  ensurePrivateFile(place);
  return sqliteDialect(place);
}

/** The newest migration that the store has, with one query: the migrator makes several and waits for its lock. */
async function newestExecuted(db: Db): Promise<string | null> {
  try {
    const { rows } = await sql<{
      name: string | null;
    }>`select max(name) as name from kysely_migration`.execute(db);
    return rows[0]?.name ?? null;
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    // There are no tables yet, or none that can be read: the migrator reports which.
    return null;
  }
}

/**
 * Creates a store in a SQLite file with the schema of an earlier migration, for rows that an earlier version wrote.
 * `openStore` upgrades it afterwards. Throws `E_STORE_NEWER`.
 */
export async function newStoreAsOf(file: string, migration: string): Promise<Db> {
  const { migrate, requireMigration } = await import('./migrations/upgrade.ts');
  await requireMigration(migration);
  const db = new Store({ dialect: await dialectOf(file) });
  try {
    await migrate(db, migration);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Whether a SQLite file is at least partly unreadable. Throws the errors of opening a store. */
export async function isDamaged(file: string): Promise<boolean> {
  try {
    const db = await openStore(file);
    try {
      const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
      return rows[0]?.quick_check !== 'ok';
    } finally {
      await db.destroy();
    }
  } catch (error) {
    if (error instanceof BrokerError && error.code === 'E_STORE_DAMAGED') return true;
    throw error;
  }
}

function unusable(file: string, cause: unknown): BrokerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('E_STORE', `The store ${file} cannot be used: ${reason}.`, {
    help: { text: 'Nothing was changed. To find the cause, run', command: ['doctor'] },
    cause,
  });
}
