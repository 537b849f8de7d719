import { type Kysely, sql } from 'kysely';

/** What orders profiles by urgency, when each token is next looked at, and what was sent about it. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;

  // 8640000000000000 is the last instant that a Date can hold: "never".
  await schema
    .alterTable('profile')
    .addColumn('attention_at', 'bigint', (column) => column.notNull().defaultTo(8_640_000_000_000_000))
    .execute();
  await schema
    .alterTable('profile')
    .addColumn('search_text', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  // With the text in it, a search in order of urgency reads this index alone.
  await schema
    .createIndex('profile_attention')
    .on('profile')
    .columns(['attention_at', 'name', 'search_text'])
    .execute();
  // 1000000000000000 sets the rejected ones before all others.
  await sql`
    update profile set
      attention_at = coalesce(
        (select case when rejected_at is null then expires_at else expires_at - 1000000000000000 end
         from token where profile_id = profile.id and state = 'current'), 8640000000000000),
      search_text = lower(name || ' ' || coalesce(org_id, '') || ' ' || coalesce(
        (select coalesce(account_email, '') || ' ' || coalesce(account_name, '')
         from token where profile_id = profile.id and state = 'current'), ''))`.execute(db);

  // 0 means: not looked at yet.
  const lookedAt = ['check_at', 'remind_mail_at', 'remind_webhook_at', 'remind_desktop_at'];
  for (const name of lookedAt) {
    await schema
      .alterTable('token')
      .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
    await schema.createIndex(`token_${name}`).on('token').columns(['state', name]).execute();
  }
  await schema
    .alterTable('token')
    .addColumn('check_failures', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await schema.alterTable('token').addColumn('checked_at', 'bigint').execute();
  await schema.alterTable('token').addColumn('check_outcome', 'text').execute();

  await schema
    .createTable('reminder')
    .addColumn('token_id', 'text', (column) => column.notNull().references('token.id').onDelete('cascade'))
    .addColumn('occasion', 'text', (column) => column.notNull())
    .addColumn('channel', 'text', (column) => column.notNull())
    .addColumn('about_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('claimed_by', 'text')
    .addColumn('claimed_until', 'bigint')
    .addColumn('retry_at', 'bigint')
    .addColumn('sent_at', 'bigint')
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('reminder_pk', ['token_id', 'occasion', 'channel'])
    .execute();
  await schema.createIndex('reminder_state').on('reminder').columns(['state', 'changed_at']).execute();

  await schema
    .createTable('tally')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('label', 'text', (column) => column.notNull())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tally_pk', ['name', 'label'])
    .execute();

  await schema
    .createTable('calendar_feed')
    .addColumn('secret_hash', 'text', (column) => column.primaryKey())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await schema.createIndex('audit_profile').on('audit').columns(['profile', 'seq']).execute();
}
