import type { Kysely } from 'kysely';

/*
 * The SCIM relay: its clients are found by the hash of their secret, and its traffic is counted by profile, so that every
 * replica shows the same.
 */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema.createIndex('client_secret_hash').on('client').column('secret_hash').execute();
  await schema
    .createIndex('client_previous_secret_hash')
    .on('client')
    .column('previous_secret_hash')
    .execute();
  await schema
    .createTable('relay_traffic')
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addColumn('slot', 'bigint', (column) => column.notNull())
    .addColumn('succeeded', 'bigint', (column) => column.notNull())
    .addColumn('failed', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('relay_traffic_pk', ['profile_id', 'slot'])
    .execute();
  await schema.createIndex('relay_traffic_slot').on('relay_traffic').column('slot').execute();
  await schema
    .createTable('relay_state')
    .addColumn('profile_id', 'text', (column) =>
      column.primaryKey().references('profile.id').onDelete('cascade'),
    )
    .addColumn('last_success_at', 'bigint')
    .addColumn('last_error_at', 'bigint')
    .addColumn('last_error', 'text')
    .execute();
}
