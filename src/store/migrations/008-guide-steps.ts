import type { Kysely } from 'kysely';

/*
 * The steps of a guide that a person marked as done.
 */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('guide_step')
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('step', 'text', (column) => column.notNull())
    .addColumn('done_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('guide_step_pk', ['profile_id', 'provider', 'step'])
    .execute();
}
