import type { Kysely } from 'kysely';

/*
 * The display name of an organization that a sign-in creates.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('sign_in').addColumn('display_name', 'text').execute();
}
