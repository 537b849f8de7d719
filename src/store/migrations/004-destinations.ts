import type { Kysely } from 'kysely';

/** Where a profile's token is handed to: the provisioning tools that have to get the next one too. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('handoff')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('app_id', 'text', (column) => column.notNull())
    .addColumn('app_name', 'text', (column) => column.notNull())
    .addColumn('cloud', 'text')
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text')
    .addColumn('handed_over_at', 'bigint')
    .addColumn('steps', 'text', (column) => column.notNull())
    .addColumn('watch', 'text')
    .addColumn('watched_at', 'bigint')
    .addUniqueConstraint('handoff_target', ['profile_id', 'kind', 'app_id'])
    .execute();
}
