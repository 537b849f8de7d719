import type { Kysely } from 'kysely';

/** Several key-encryption keys: whose each is, to what a data key is wrapped for it, and where it is held. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema
    .alterTable('key_encryption_key')
    .addColumn('name', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await schema.alterTable('key_encryption_key').addColumn('public_key', 'text').execute();
  await schema.alterTable('key_encryption_key').addColumn('admission', 'text').execute();
  await schema
    .alterTable('wrapped_data_key')
    .addColumn('generation', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();

  await schema
    .createTable('key_holder')
    .addColumn('key_encryption_key_id', 'text', (column) =>
      column.notNull().references('key_encryption_key.id').onDelete('cascade'),
    )
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('key_holder_pk', ['key_encryption_key_id', 'host'])
    .execute();
}
