import { type Kysely, sql } from 'kysely';
import { engineOf } from '../engine.ts';

/** Whom a profile belongs to and what it is filed under, and renewal rounds: what expires, worked through in order. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema.alterTable('profile').addColumn('contact', 'text').execute();
  await schema
    .alterTable('profile')
    .addColumn('tags', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await schema
    .createTable('profile_tag')
    .addColumn('tag', 'text', (column) => column.notNull())
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('profile_tag_pk', ['tag', 'profile_id'])
    .execute();
  await schema.createIndex('profile_tag_profile').on('profile_tag').column('profile_id').execute();

  await schema
    .createTable('renewal_round')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('expires_before', 'bigint', (column) => column.notNull())
    .addColumn('tag', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .execute();
  await schema
    .createTable('renewal_item')
    .addColumn('round_id', 'text', (column) =>
      column.notNull().references('renewal_round.id').onDelete('cascade'),
    )
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addColumn('token_id', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('skipped_at', 'bigint')
    .addPrimaryKeyConstraint('renewal_item_pk', ['round_id', 'profile_id'])
    .execute();
  await schema.createIndex('renewal_item_profile').on('renewal_item').column('profile_id').execute();

  // SQLite sorts names byte by byte. PostgreSQL does as its database was made to, unless it is told; and an index in
  // a language's order is damaged where replicas bring different versions of that order along.
  if (engineOf(db) === 'postgres') {
    await sql`alter table profile alter column name type text collate "C"`.execute(db);
    await sql`alter table client alter column name type text collate "C"`.execute(db);
  }
}
