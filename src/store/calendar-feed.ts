import type { Db } from './store.ts';

/** Makes this the only address of the calendar feed; an earlier one leads nowhere any more. */
export async function replaceCalendarFeed(db: Db, secretHash: string, now: number): Promise<void> {
  await db.deleteFrom('calendar_feed').execute();
  await db.insertInto('calendar_feed').values({ secret_hash: secretHash, created_at: now }).execute();
}

export async function deleteCalendarFeed(db: Db): Promise<void> {
  await db.deleteFrom('calendar_feed').execute();
}

export async function hasCalendarFeed(db: Db, secretHash: string): Promise<boolean> {
  const row = await db
    .selectFrom('calendar_feed')
    .select('created_at')
    .where('secret_hash', '=', secretHash)
    .executeTakeFirst();
  return row !== undefined;
}

/** When the feed's address was made; null where there is none. Epoch milliseconds. */
export async function calendarFeedSince(db: Db): Promise<number | null> {
  const row = await db.selectFrom('calendar_feed').select('created_at').executeTakeFirst();
  return row?.created_at ?? null;
}
