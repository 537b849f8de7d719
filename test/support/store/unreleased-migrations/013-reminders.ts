import { type Kysely, sql } from 'kysely';

/**
 * Indexes over the tokens of one state, in place of indexes that begin with the state. Nearly all tokens share two states,
 * which SQLite does not know without statistics: it then took such an index for a look-up by profile, and read all tokens.
 */
export async function up(db: Kysely<never>): Promise<void> {
  const before = ['token_due', ...dueColumns.map((column) => `token_${column}`)];
  for (const name of before) await db.schema.dropIndex(name).execute();
  for (const column of dueColumns) {
    await sql
      .raw(`create index token_current_${column} on token (${column}) where state = 'current'`)
      .execute(db);
  }
  await sql.raw(`create index token_pending on token (captured_at) where state = 'pending'`).execute(db);
  await sql.raw(`create index token_set_aside on token (captured_at) where state = 'set-aside'`).execute(db);

  // What is searched was cut at 400 characters, because it stood in an index: tags behind that were never found.
  await db.schema.dropIndex('profile_attention').execute();
  await db.schema.createIndex('profile_attention').on('profile').columns(['attention_at', 'name']).execute();
  await sql`
    update profile set search_text = lower(name || ' ' || coalesce(org_id, '') || ' ' || coalesce(
      (select coalesce(account_email, '') || ' ' || coalesce(account_name, '')
       from token where profile_id = profile.id and state = 'current'), '') || ' ' || coalesce(contact, '') || ' ' ||
      replace(replace(replace(tags, '["', ''), '"]', ''), '","', ' '))
    where length(search_text) >= 400`.execute(db);

  // Who has a reminder already that did not reach everyone, as a JSON list.
  await db.schema.alterTable('reminder').addColumn('delivered_to', 'text').execute();

  await db.schema
    .createTable('calendar_entry')
    .addColumn('profile_id', 'text', (column) =>
      column.primaryKey().references('profile.id').onDelete('cascade'),
    )
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute();
}

const dueColumns = ['check_at', 'remind_mail_at', 'remind_webhook_at', 'remind_desktop_at'];
