import { type CreateTableBuilder, type Kysely, PostgresAdapter, sql } from 'kysely';

/*
 * Every table of the first release. A released migration never changes: another one follows it. So it imports nothing of
 * the program, and repeats the constants that it needs.
 */

/** What the first row of the audit log follows. */
const genesisHash = '0'.repeat(64);

export async function up(db: Kysely<never>): Promise<void> {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  await createMeta(db);
  await createKeys(db);
  await createProfiles(db, isPostgres);
  await createTokens(db);
  await createRenewals(db);
  await createSignIns(db);
  await createDestinations(db);
  await createClients(db, isPostgres);
  await createReminders(db);
  await createRowMacs(db, isPostgres);
  await createAudit(db);
}

async function createMeta({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('meta')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
  await schema
    .createTable('counter')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('counter_pk', ['name', 'label'])
    .execute();
}

async function createKeys({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('key_encryption_key')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('public_key', 'text')
    .addColumn('authorization', 'text')
    .execute();
  await schema
    .createTable('wrapped_data_key')
    .addColumn('data_key_id', 'text', (column) => column.notNull())
    .addColumn('key_encryption_key_id', 'text', (column) =>
      column.notNull().references('key_encryption_key.id').onDelete('cascade'),
    )
    .addColumn('jwe', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('wrapped_data_key_pk', ['data_key_id', 'key_encryption_key_id'])
    .execute();
  await schema
    .createTable('key_host')
    .addColumn('key_encryption_key_id', 'text', (column) =>
      column.notNull().references('key_encryption_key.id').onDelete('cascade'),
    )
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('key_host_pk', ['key_encryption_key_id', 'host'])
    .execute();
}

async function createProfiles(db: Kysely<never>, isPostgres: boolean): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('profile')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', nameType(isPostgres), (column) => column.notNull().unique())
    .addColumn('deployment', 'text', (column) => column.notNull())
    .addColumn('org_id', 'text')
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    // The last instant that a Date can hold stands for "never".
    .addColumn('due_at', 'bigint', (column) => column.notNull().defaultTo(8_640_000_000_000_000))
    .addColumn('search_text', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('contact', 'text')
    .addColumn('tags', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await schema.createIndex('profile_org_id').on('profile').column('org_id').execute();
  await schema.createIndex('profile_due').on('profile').columns(['due_at', 'name']).execute();

  await schema
    .createTable('profile_tag')
    .addColumn('tag', 'text', (column) => column.notNull())
    .addColumn('profile_id', 'text', ofProfile)
    .addPrimaryKeyConstraint('profile_tag_pk', ['tag', 'profile_id'])
    .execute();
  await schema.createIndex('profile_tag_profile').on('profile_tag').column('profile_id').execute();

  // The database itself keeps the counts with every change: totals of a million profiles are sums over some hundreds of days.
  await schema
    .createTable('profile_due_per_day')
    .addColumn('day', 'integer', (column) => column.primaryKey())
    .addColumn('profiles', 'integer', (column) => column.notNull())
    .execute();
  for (const statement of isPostgres ? postgresTriggers : sqliteTriggers)
    await sql.raw(statement).execute(db);
}

/**
 * SQLite sorts text byte by byte. PostgreSQL sorts as its database was created to, unless a column says otherwise; and an
 * index in a language's order is damaged where replicas have different versions of that order.
 */
function nameType(isPostgres: boolean) {
  return isPostgres ? sql`text collate "C"` : sql`text`;
}

const ofProfile: Parameters<CreateTableBuilder<string>['addColumn']>[2] = (column) =>
  column.notNull().references('profile.id').onDelete('cascade');

/** Integers divide to integers, towards zero, on both engines. */
const sqliteTriggers = [
  `create trigger profile_due_insert after insert on profile begin
     insert into profile_due_per_day (day, profiles) values (new.due_at / 86400000, 1)
       on conflict (day) do update set profiles = profiles + 1;
   end`,
  `create trigger profile_due_delete after delete on profile begin
     update profile_due_per_day set profiles = profiles - 1 where day = old.due_at / 86400000;
   end`,
  `create trigger profile_due_update after update of due_at on profile
     when old.due_at / 86400000 <> new.due_at / 86400000 begin
     update profile_due_per_day set profiles = profiles - 1 where day = old.due_at / 86400000;
     insert into profile_due_per_day (day, profiles) values (new.due_at / 86400000, 1)
       on conflict (day) do update set profiles = profiles + 1;
   end`,
];

const postgresTriggers = [
  `create function profile_due() returns trigger language plpgsql as $$
   begin
     if tg_op <> 'INSERT' then
       update profile_due_per_day set profiles = profile_due_per_day.profiles - gone.profiles
         from (select due_at / 86400000 as day, count(*) as profiles from before group by 1) as gone
         where profile_due_per_day.day = gone.day;
     end if;
     if tg_op <> 'DELETE' then
       insert into profile_due_per_day (day, profiles)
         select due_at / 86400000, count(*) from after group by 1
         on conflict (day) do update set profiles = profile_due_per_day.profiles + excluded.profiles;
     end if;
     return null;
   end $$`,
  `create trigger profile_due_insert after insert on profile
     referencing new table as after for each statement execute function profile_due()`,
  `create trigger profile_due_delete after delete on profile
     referencing old table as before for each statement execute function profile_due()`,
  `create trigger profile_due_update after update on profile
     referencing old table as before new table as after for each statement execute function profile_due()`,
];

async function createTokens(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('token')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('profile_id', 'text', ofProfile)
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('ciphertext', 'text', (column) => column.notNull())
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
    .addColumn('review_reason', 'text')
    .addColumn('warnings', 'text', (column) => column.notNull())
    .addColumn('next_check_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('check_failures', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('checked_at', 'bigint')
    .addColumn('check_outcome', 'text')
    .execute();
  await schema.createIndex('token_profile').on('token').columns(['profile_id', 'captured_at']).execute();
  /*
   * Indexes over the tokens of one state, and none that begins with the state: nearly all tokens share two states, which
   * SQLite does not know without statistics. It then takes such an index to look up a profile, and reads all tokens.
   * The first one also ensures one current token for each profile, even if two processes write at the same moment.
   */
  for (const statement of [
    `create unique index token_current on token (profile_id) where state = 'current'`,
    `create index token_current_next_check_at on token (next_check_at) where state = 'current'`,
    `create index token_pending on token (captured_at) where state = 'pending'`,
    `create index token_needs_review on token (captured_at) where state = 'needs-review'`,
  ]) {
    await sql.raw(statement).execute(db);
  }
}

const ofToken: typeof ofProfile = (column) => column.notNull().references('token.id').onDelete('cascade');

async function createRenewals({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('renewal_campaign')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('expires_before', 'bigint', (column) => column.notNull())
    .addColumn('tag', 'text')
    .addColumn('contact', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .execute();
  await schema
    .createTable('renewal_item')
    .addColumn('campaign_id', 'text', (column) =>
      column.notNull().references('renewal_campaign.id').onDelete('cascade'),
    )
    .addColumn('profile_id', 'text', ofProfile)
    .addColumn('token_id', 'text')
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('skipped_at', 'bigint')
    .addPrimaryKeyConstraint('renewal_item_pk', ['campaign_id', 'profile_id'])
    .execute();
  await schema.createIndex('renewal_item_profile').on('renewal_item').column('profile_id').execute();
}

async function createSignIns({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('sign_in')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('state_hash', 'text', (column) => column.unique())
    .addColumn('session_binding_hash', 'text')
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
    .createTable('access_link')
    .addColumn('link_hash', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
}

async function createDestinations({ schema }: Kysely<never>): Promise<void> {
  await schema
    .createTable('destination')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('profile_id', 'text', ofProfile)
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('app_id', 'text', (column) => column.notNull())
    .addColumn('app_name', 'text', (column) => column.notNull())
    .addColumn('cloud', 'text')
    .addColumn('method', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text')
    .addColumn('installed_at', 'bigint')
    .addColumn('steps', 'text', (column) => column.notNull())
    .addColumn('provisioning_status', 'text')
    .addColumn('status_checked_at', 'bigint')
    .addColumn('quarantined_since', 'bigint')
    .addColumn('next_check_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('last_check_error', 'text')
    .addColumn('findings', 'text')
    .addColumn('findings_at', 'bigint')
    .addUniqueConstraint('destination_app', ['profile_id', 'provider', 'app_id'])
    .execute();
  await schema.createIndex('destination_quarantined').on('destination').column('quarantined_since').execute();
  await schema
    .createIndex('destination_next_check_at')
    .on('destination')
    .columns(['provider', 'next_check_at'])
    .execute();
}

async function createClients({ schema }: Kysely<never>, isPostgres: boolean): Promise<void> {
  await schema
    .createTable('client')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', nameType(isPostgres), (column) => column.notNull().unique())
    .addColumn('secret_hash', 'text')
    .addColumn('previous_secret_hash', 'text')
    .addColumn('previous_secret_until', 'bigint')
    .addColumn('previous_secret_used_at', 'bigint')
    .addColumn('jwks', 'text')
    .addColumn('addresses', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('max_expires_in', 'bigint')
    .execute();
  await schema
    .createTable('client_profile')
    .addColumn('client_id', 'text', ofClient)
    .addColumn('profile_id', 'text', ofProfile)
    .addPrimaryKeyConstraint('client_profile_pk', ['client_id', 'profile_id'])
    .execute();
  await schema.createIndex('client_profile_profile').on('client_profile').column('profile_id').execute();
  await schema
    .createTable('client_assertion')
    .addColumn('client_id', 'text', ofClient)
    .addColumn('jti_hash', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('client_assertion_pk', ['client_id', 'jti_hash'])
    .execute();
  await schema.createIndex('client_assertion_expires').on('client_assertion').column('expires_at').execute();
}

const ofClient: typeof ofProfile = (column) => column.notNull().references('client.id').onDelete('cascade');

async function createReminders(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('reminder_schedule')
    .addColumn('token_id', 'text', ofToken)
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('reminder_schedule_pk', ['token_id', 'channel'])
    .execute();
  await schema
    .createIndex('reminder_schedule_next_at')
    .on('reminder_schedule')
    .columns(['channel', 'next_at'])
    .execute();

  await schema
    .createTable('reminder')
    .addColumn('token_id', 'text', ofToken)
    .addColumn('trigger', 'text', (column) => column.notNull())
    .addColumn('destination_id', 'text')
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('event_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('lease_owner', 'text')
    .addColumn('lease_expires_at', 'bigint')
    .addColumn('retry_at', 'bigint')
    .addColumn('sent_at', 'bigint')
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addColumn('delivered_to', 'text')
    .execute();
  // No two processes begin the same reminder. Not a primary key, which has no column that may be null.
  await sql`create unique index reminder_once on reminder
    (token_id, channel, "trigger", coalesce(destination_id, ''))`.execute(db);
  await schema.createIndex('reminder_state').on('reminder').columns(['state', 'changed_at']).execute();

  await schema
    .createTable('calendar_feed')
    .addColumn('secret_hash', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('calendar_entry')
    .addColumn('profile_id', 'text', (column) =>
      column.primaryKey().references('profile.id').onDelete('cascade'),
    )
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute();
}

async function createRowMacs({ schema }: Kysely<never>, isPostgres: boolean): Promise<void> {
  const rows = schema
    .createTable('row_mac')
    .addColumn('bucket', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('mac', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('row_mac_pk', ['bucket', 'kind', 'id']);
  // So that SQLite stores the rows of one bucket next to each other.
  await (isPostgres ? rows : rows.modifyEnd(sql`without rowid`)).execute();
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
}

async function createAudit(db: Kysely<never>): Promise<void> {
  const { schema } = db;
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
    .addColumn('subject', 'text')
    .addColumn('previous_hash', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('audit_profile').on('audit').columns(['profile', 'seq']).execute();
  await schema
    .createTable('audit_head')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('start_seq', 'bigint')
    .addColumn('start_hash', 'text')
    .addColumn('signed_seq', 'bigint')
    .addColumn('signature', 'text')
    .execute();
  await sql`insert into audit_head (id, seq, hash) values (1, 0, ${genesisHash})`.execute(db);
}
