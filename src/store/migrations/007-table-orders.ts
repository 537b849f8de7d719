import { type Kysely, PostgresAdapter, sql } from 'kysely';

/*
 * The orders of the table of organizations, each in an indexed column, so that the cost of a page does not depend on the
 * number of profiles. The columns are derived from others; no MAC covers them.
 */

/** Sorts after every text. */
const last = '\u{10ffff}';

export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  // Byte by byte on both engines, like the names.
  const type = db.getExecutor().adapter instanceof PostgresAdapter ? sql`text collate "C"` : sql`text`;
  const texts = ['title_order', 'account_order', 'contact_order', 'tags_order'];
  for (const column of texts) {
    await schema
      .alterTable('profile')
      .addColumn(column, type, (added) => added.notNull().defaultTo(''))
      .execute();
  }
  await schema
    .alterTable('profile')
    .addColumn('ends_at', 'bigint', (column) => column.notNull().defaultTo(8_640_000_000_000_000))
    .execute();
  await sql`update profile set
    title_order = substr(lower(coalesce(display_name, name)), 1, 200),
    contact_order = substr(coalesce(lower(contact), ${sql.lit(last)}), 1, 200),
    tags_order = case when tags = '[]' then ${sql.lit(last)}
      else substr(replace(replace(replace(tags, '["', ''), '"]', ''), '","', ' '), 1, 200) end,
    account_order = substr(coalesce((select lower(coalesce(account_email, account_name)) from token
      where token.profile_id = profile.id and token.state = 'current'), ${sql.lit(last)}), 1, 200),
    ends_at = coalesce(undelivered_until, token_expires_at, 8640000000000000)`.execute(db);
  for (const column of [...texts, 'ends_at'])
    await sql`create index ${sql.ref(`profile_${column}`)} on profile (${sql.ref(column)}, name)`.execute(db);
}
