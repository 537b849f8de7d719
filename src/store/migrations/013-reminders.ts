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
