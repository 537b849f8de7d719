import {
  calendarFeedSince,
  deleteCalendarFeed,
  hasCalendarFeed,
  replaceCalendarFeed,
} from '../store/access/calendar-feed.ts';
import { appendAudit } from '../store/audit/audit.ts';
import type { Actor, StoreContext } from '../vault/context.ts';
import { hashSecret, newSecret } from '../vault/sign-in/secret-hashes.ts';
import { calendarPieces } from './entries.ts';

/** Creates the secret of the calendar feed's address. It is returned only once, and the previous one stops working. */
export async function createCalendarFeed(records: StoreContext, actor: Actor): Promise<string> {
  const secret = newSecret();
  await records.db.transaction().execute(async (trx) => {
    await replaceCalendarFeed(trx, hashSecret(secret), records.now());
    await appendAudit(trx, records.now(), { action: 'calendar-feed', outcome: 'ok', ...actor });
  });
  return secret;
}

/** Removes the calendar feed. */
export async function removeCalendarFeed(records: StoreContext, actor: Actor): Promise<void> {
  await records.db.transaction().execute(async (trx) => {
    await deleteCalendarFeed(trx);
    await appendAudit(trx, records.now(), { action: 'calendar-feed', outcome: 'removed', ...actor });
  });
}

/** When the address of the feed was created; null if there is none. Epoch milliseconds. */
export async function calendarFeedCreatedAt({ db }: StoreContext): Promise<number | null> {
  return await calendarFeedSince(db);
}

/** The calendar, piece by piece; null if the secret is wrong. Needs no encryption key. */
export async function calendarFeed(
  records: StoreContext,
  secret: string,
): Promise<AsyncGenerator<string> | null> {
  return (await hasCalendarFeed(records.db, hashSecret(secret))) ? calendarPieces(records) : null;
}
