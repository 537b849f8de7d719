import type { Kysely } from 'kysely';

/** What a look at a provisioning tool found, when the next one is due, and whose profiles a renewal round is of. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema.alterTable('handoff').addColumn('quarantined_since', 'bigint').execute();
  // 0 means: never looked at by itself.
  await schema
    .alterTable('handoff')
    .addColumn('watch_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('handoff').addColumn('watch_failure', 'text').execute();
  await schema.alterTable('handoff').addColumn('findings', 'text').execute();
  await schema.alterTable('handoff').addColumn('findings_at', 'bigint').execute();
  await schema.createIndex('handoff_quarantined').on('handoff').column('quarantined_since').execute();
  await schema.createIndex('handoff_watch').on('handoff').columns(['kind', 'watch_at']).execute();

  await schema.alterTable('renewal_round').addColumn('contact', 'text').execute();
}
