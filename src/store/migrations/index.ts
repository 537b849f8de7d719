import type { Migration, MigrationProvider } from 'kysely/migration';
import * as vault from './001-vault.ts';

/** In order of their names. What has been released is never changed, only followed by another. */
const migrations: Record<string, Migration> = {
  '001-vault': vault,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(migrations),
};

/** The newest migration that this program knows: a store that has it needs no work on opening. */
export const newestMigration = Object.keys(migrations).sort().at(-1) ?? '';
