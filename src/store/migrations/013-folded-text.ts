import { type Kysely, sql } from 'kysely';
import { foldText } from '../../text/fold-text.ts';

/*
 * The columns for searching and sorting contain folded text: "istanbul" finds "İstanbul", and "Zürich" comes before "Zug". A later
 * change of `foldText` needs a migration like this one.
 */

const columns = ['search_text', 'title_order', 'account_order', 'contact_order'] as const;

type Row = { id: string } & Record<(typeof columns)[number], string>;

/** Rows that are read at once. */
const pageLength = 1_000;

export async function up(db: Kysely<never>): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } = await sql<Row>`
      select id, search_text, title_order, account_order, contact_order from profile
      where id > ${after} order by id limit ${pageLength}`.execute(db);
    for (const row of rows) {
      const [text = '', title = '', account = '', contact = ''] = columns.map((column) =>
        foldText(row[column]),
      );
      if (columns.every((column, at) => row[column] === [text, title, account, contact][at])) continue;
      await sql`update profile set search_text = ${text}, title_order = ${title}, account_order = ${account},
        contact_order = ${contact} where id = ${row.id}`.execute(db);
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}
