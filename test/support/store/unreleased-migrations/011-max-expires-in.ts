import type { Kysely } from 'kysely';

/** The highest `expires_in` in a client's responses. Seconds; null: the default. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('client').addColumn('max_expires_in', 'bigint').execute();
}
