import type { Kysely } from 'kysely';

/** Programs that may fetch tokens, which profiles each may, and the assertions that were used up. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema
    .createTable('client')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('secret_hash', 'text')
    .addColumn('previous_secret_hash', 'text')
    .addColumn('previous_secret_until', 'bigint')
    .addColumn('previous_secret_used_at', 'bigint')
    .addColumn('jwks', 'text')
    .addColumn('addresses', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .execute();

  await schema
    .createTable('client_profile')
    .addColumn('client_id', 'text', (column) => column.notNull().references('client.id').onDelete('cascade'))
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('client_profile_pk', ['client_id', 'profile_id'])
    .execute();
  await schema.createIndex('client_profile_profile').on('client_profile').column('profile_id').execute();

  await schema
    .createTable('client_assertion')
    .addColumn('client_id', 'text', (column) => column.notNull().references('client.id').onDelete('cascade'))
    .addColumn('jti_hash', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('client_assertion_pk', ['client_id', 'jti_hash'])
    .execute();
  await schema.createIndex('client_assertion_expires').on('client_assertion').column('expires_at').execute();
}
