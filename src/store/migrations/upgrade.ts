import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../db.ts';
import { migrationProvider } from './index.ts';
import { newestMigration } from './newest.ts';
import { SchemaTooOld, unreleasedMigrations, upgradeUnreleasedSchema } from './unreleased-schemas.ts';

/*
 * Upgrades a store that does not have the newest schema. Loaded only then, because most stores have it.
 */

/** Whether a store with this newest migration, which is not the newest of all, can be upgraded. */
export async function isUpgradable(newest: string): Promise<boolean> {
  return (
    Object.hasOwn(await migrationProvider.getMigrations(), newest) || unreleasedMigrations.includes(newest)
  );
}

/** Upgrades a store. `newest` is the newest migration that it has; null: none. Throws `E_STORE`, `E_STORE_NEWER`. */
export async function upgradeSchema(db: Db, newest: string | null): Promise<void> {
  if (newest !== null) await upgradeUnreleased(db);
  await migrate(db, newestMigration);
}

/** Runs the migrations up to this one. Throws `E_STORE_NEWER`. */
export async function migrate(db: Db, to: string): Promise<void> {
  const migrator = new Migrator({ db, provider: migrationProvider });
  const { error } = await migrator.migrateTo(to);
  if (error === undefined) return;
  if (error instanceof Error && /previously executed migration .* is missing/.test(error.message)) {
    throw newer(error);
  }
  throw error;
}

/** Throws if a store cannot be created with the schema of this migration: `E_STORE`, `E_STORE_NEWER`. */
export async function requireMigration(migration: string): Promise<void> {
  if (unreleasedMigrations.includes(migration)) {
    throw new BrokerError(
      'E_STORE',
      'The backup was written before the first release, and cannot be restored.',
      {
        help: 'Restore it with the version that wrote it, then open the restored store with this one.',
      },
    );
  }
  if (!Object.hasOwn(await migrationProvider.getMigrations(), migration)) throw newer();
}

async function upgradeUnreleased(db: Db): Promise<void> {
  try {
    await upgradeUnreleasedSchema(db as unknown as Kysely<never>);
  } catch (error) {
    if (!(error instanceof SchemaTooOld)) throw error;
    throw new BrokerError('E_STORE', 'The store was written by a version that is too old to upgrade from.', {
      help: 'Nothing was changed. Use a new store, and get the tokens again.',
      cause: error,
    });
  }
}

function newer(cause?: unknown): BrokerError {
  return new BrokerError('E_STORE_NEWER', 'The store was written by a newer version of this program.', {
    help: 'Use that version, or a newer one. Nothing was changed.',
    cause,
  });
}
