import type { Kysely } from 'kysely';

/*
 * Reminder channels that are set up in the web app, encrypted, and a display name next to the technical name of a profile.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('reminder_channel')
    .addColumn('channel', 'text', (column) => column.primaryKey())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.alterTable('profile').addColumn('display_name', 'text').execute();
}
