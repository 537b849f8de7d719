import type { Db } from '../db.ts';
import { authenticRow } from '../integrity/authentic-rows.ts';
import { created, inTransaction, removing } from '../integrity/changes.ts';

/** Makes this the only address of the calendar feed; earlier ones stop working. */
export async function replaceCalendarFeed(db: Db, secretHash: string, now: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    await deleteCalendarFeed(trx);
    created(trx, 'calendarFeed', [secretHash]);
    await trx.insertInto('calendar_feed').values({ secret_hash: secretHash, created_at: now }).execute();
  });
}

export async function deleteCalendarFeed(db: Db): Promise<void> {
  await inTransaction(db, async (trx) => {
    const rows = await trx.selectFrom('calendar_feed').select('secret_hash').execute();
    await removing(
      trx,
      'calendarFeed',
      rows.map(({ secret_hash }) => secret_hash),
    );
    await trx.deleteFrom('calendar_feed').execute();
  });
}

/** Whether this is the feed's address. Throws `E_INTEGRITY` if another program wrote it. */
export async function hasCalendarFeed(db: Db, secretHash: string): Promise<boolean> {
  const row = await authenticRow(db, 'calendarFeed', () =>
    db.selectFrom('calendar_feed').selectAll().where('secret_hash', '=', secretHash).executeTakeFirst(),
  );
  return row !== undefined;
}

/** When the feed's address was created; null if there is none. Epoch milliseconds. */
export async function calendarFeedSince(db: Db): Promise<number | null> {
  const row = await db.selectFrom('calendar_feed').select('created_at').executeTakeFirst();
  return row?.created_at ?? null;
}
