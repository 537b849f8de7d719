import type { Kysely } from 'kysely';
import { genesisHash } from '../audit/chain.ts';

/** Keys, profiles, tokens, sign-ins, sessions and the audit log. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  await schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('key_encryption_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema
    .createTable('wrapped_data_key')
    .addColumn('data_key_id', 'text', (column) => column.notNull())
    .addColumn('key_encryption_key_id', 'text', (column) =>
      column.notNull().references('key_encryption_key.id').onDelete('cascade'),
    )
    .addColumn('jwe', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('wrapped_data_key_pk', ['data_key_id', 'key_encryption_key_id'])
    .execute();

  await schema
    .createTable('profile')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('deployment', 'text', (column) => column.notNull())
    .addColumn('org_id', 'text')
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('profile_org_id').on('profile').column('org_id').execute();

  await schema
    .createTable('token')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('profile_id', 'text', (column) =>
      column.notNull().references('profile.id').onDelete('cascade'),
    )
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('captured_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_confirmed', 'bigint')
    .addColumn('expires_reported', 'bigint')
    .addColumn('expires_documented', 'bigint')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('org_id', 'text')
    .addColumn('account_id', 'text')
    .addColumn('account_name', 'text')
    .addColumn('account_email', 'text')
    .addColumn('account_org_id', 'text')
    .addColumn('account_admin', 'text')
    .addColumn('verified_at', 'bigint')
    .addColumn('rejected_at', 'bigint')
    .addColumn('set_aside_reason', 'text')
    .addColumn('warnings', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('token_profile').on('token').columns(['profile_id', 'captured_at']).execute();
  // One current token a profile, whatever two processes do at the same moment.
  await schema
    .createIndex('token_current')
    .unique()
    .on('token')
    .column('profile_id')
    .where('state' as never, '=', 'current' as never)
    .execute();
  await schema.createIndex('token_due').on('token').columns(['state', 'expires_at']).execute();

  await schema
    .createTable('sign_in')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('state_hash', 'text', (column) => column.unique())
    .addColumn('binding_hash', 'text')
    .addColumn('link_hash', 'text', (column) => column.unique())
    .addColumn('profile_name', 'text', (column) => column.notNull())
    .addColumn('deployment', 'text', (column) => column.notNull())
    .addColumn('org_id', 'text')
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('fresh_sign_in', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('consumed_at', 'bigint')
    .addColumn('token_id', 'text')
    .addColumn('error', 'text')
    .addColumn('error_message', 'text')
    .execute();
  await schema.createIndex('sign_in_expires').on('sign_in').column('expires_at').execute();

  await schema
    .createTable('web_session')
    .addColumn('id_hash', 'text', (column) => column.primaryKey())
    .addColumn('data', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema.createIndex('web_session_expires').on('web_session').column('expires_at').execute();

  await schema
    .createTable('entry_link')
    .addColumn('link_hash', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();

  await schema
    .createTable('audit')
    .addColumn('seq', 'bigint', (column) => column.primaryKey())
    .addColumn('time', 'bigint', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('profile', 'text')
    .addColumn('client', 'text')
    .addColumn('address', 'text')
    .addColumn('user', 'text')
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();

  await schema
    .createTable('audit_head')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await (db as unknown as Kysely<{ audit_head: { id: number; seq: number; hash: string } }>)
    .insertInto('audit_head')
    .values({ id: 1, seq: 0, hash: genesisHash })
    .execute();
}
