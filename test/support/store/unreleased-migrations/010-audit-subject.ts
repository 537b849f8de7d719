import type { Kysely } from 'kysely';

/** What a row of the audit log is about that is neither a profile nor a client: a key, a file. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('audit').addColumn('subject', 'text').execute();
}
