import type { Migration, MigrationProvider } from 'kysely/migration';
import * as baseline from './001-baseline.ts';

/** In the order of their names. A released migration never changes: another one follows it. */
const migrations: Record<string, Migration> = {
  '001-baseline': baseline,
};

export const migrationProvider: MigrationProvider = {
  getMigrations: () => Promise.resolve(migrations),
};
