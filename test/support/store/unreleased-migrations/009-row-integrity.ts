import { type Kysely, sql } from 'kysely';
import { engineOf } from '../../../../src/store/database/engine.ts';

/** A message authentication code for every row that grants access, and for the audit log. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  const rows = schema
    .createTable('row_mac')
    .addColumn('bucket', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('mac', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('row_mac_pk', ['bucket', 'kind', 'id']);
  // The rows of a bucket then lie together.
  await (engineOf(db) === 'sqlite' ? rows.modifyEnd(sql`without rowid`) : rows).execute();
  await schema
    .createTable('row_mac_bucket')
    .addColumn('bucket', 'integer', (column) => column.primaryKey())
    .addColumn('digest', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('row_mac_head')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('counter', 'bigint', (column) => column.notNull())
    .addColumn('mac', 'text', (column) => column.notNull())
    .execute();

  // Where the chain begins, up to which row it is signed, and the signature.
  await schema.alterTable('audit_head').addColumn('start_seq', 'bigint').execute();
  await schema.alterTable('audit_head').addColumn('start_hash', 'text').execute();
  await schema.alterTable('audit_head').addColumn('signed_seq', 'bigint').execute();
  await schema.alterTable('audit_head').addColumn('signature', 'text').execute();
}
