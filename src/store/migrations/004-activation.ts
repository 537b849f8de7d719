import type { Kysely } from 'kysely';

/* When a profile last got a new current token, and the renewal hook that runs after it. */
export async function up({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('activation')
    .addColumn('profile_id', 'text', (column) =>
      column.primaryKey().references('profile.id').onDelete('cascade'),
    )
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('activated_at', 'bigint', (column) => column.notNull())
    .addColumn('count', 'bigint', (column) => column.notNull())
    .addColumn('hook_state', 'text', (column) => column.notNull())
    .addColumn('hook_attempts', 'integer', (column) => column.notNull())
    .addColumn('hook_next_at', 'bigint')
    .addColumn('hook_ended_at', 'bigint')
    .addColumn('hook_error', 'text')
    .addColumn('hook_failing_since', 'bigint')
    .addColumn('hook_failing_token_id', 'text')
    .addColumn('lease_owner', 'text')
    .addColumn('lease_expires_at', 'bigint')
    .execute();
  await schema
    .createIndex('activation_hook_next_at')
    .on('activation')
    .columns(['hook_next_at', 'profile_id'])
    .execute();
  await schema.createIndex('activation_activated_at').on('activation').column('activated_at').execute();
}
