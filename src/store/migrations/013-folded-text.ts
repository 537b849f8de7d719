import { type Kysely, sql } from 'kysely';
import { orderOf, searchTextOf } from '../profiles/derived-columns.ts';

/*
 * The columns for searching and sorting contain folded text: "istanbul" finds "İstanbul", and "Zürich" comes before "Zug". A later
 * change of `foldText` needs a migration like this one.
 */

type Row = Record<'id' | 'search_text' | 'title_order' | 'account_order' | 'contact_order', string>;

/** Rows that are read at once. */
const pageLength = 1_000;

export async function up(db: Kysely<never>): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } = await sql<Row>`
      select id, search_text, title_order, account_order, contact_order from profile
      where id > ${after} order by id limit ${pageLength}`.execute(db);
    for (const row of rows) {
      const text = searchTextOf(row.search_text);
      const [title, account, contact] = [row.title_order, row.account_order, row.contact_order].map(orderOf);
      const isFolded =
        text === row.search_text &&
        title === row.title_order &&
        account === row.account_order &&
        contact === row.contact_order;
      if (isFolded) continue;
      await sql`update profile set search_text = ${text}, title_order = ${title}, account_order = ${account},
        contact_order = ${contact} where id = ${row.id}`.execute(db);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
