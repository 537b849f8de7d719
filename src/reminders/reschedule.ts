import { dayMs } from '../domain/lifetimes.ts';
import type { Db } from '../store/db.ts';
import { rescheduleStatusChecks } from '../store/destinations.ts';
import { getMeta, swapMeta } from '../store/meta/meta.ts';
import { rescheduleChecks } from '../store/profiles/token-checks.ts';
import { recheckAll } from '../store/reminders.ts';

/** A clock this far behind the newest instant that the store has seen was set back. Milliseconds. */
const setBackBy = dayMs;

/**
 * What was planned for a later instant is planned again where the clock was set back, or where other days are wanted:
 * otherwise a clock that stood in the next year for a minute would put everything off until then. What was done is
 * recorded last, so that it is done again where the process ends in between.
 */
export async function rescheduleAfterClockOrConfigChange(
  db: Db,
  now: number,
  days: readonly number[],
): Promise<void> {
  const newest = Number((await getMeta(db, 'clock')) ?? 0);
  const setBack = now < newest - setBackBy;
  const wanted = days.join(',');
  const planned = await getMeta(db, 'reminder-days');
  // Where no days are recorded, nothing was planned yet.
  if (setBack || (planned !== null && planned !== wanted)) await recheckAll(db);
  if (setBack) {
    await rescheduleChecks(db, now);
    await rescheduleStatusChecks(db);
  }
  await swapMeta(db, 'reminder-days', wanted);
  // Once an hour is often enough to know it by.
  if (setBack || now > newest + 3_600_000) await swapMeta(db, 'clock', String(now));
}
