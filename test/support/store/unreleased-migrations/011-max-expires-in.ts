import type { Kysely } from 'kysely';

/** How long a client is told that a token is good for, at most. Seconds; null: what every client is told. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('client').addColumn('max_expires_in', 'bigint').execute();
}
