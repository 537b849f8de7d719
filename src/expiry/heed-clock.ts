import { watchAllAnew } from '../store/handoffs.ts';
import { heed, heeded } from '../store/heeded.ts';
import { lookAtAll } from '../store/reminders.ts';
import type { Db } from '../store/store.ts';
import { checkAllAnew } from '../store/token-checks.ts';
import { dayMs } from '../tokens/lifetimes.ts';

/** A clock this far behind the newest instant that the store has seen was set back. Milliseconds. */
const setBackBy = dayMs;

/**
 * What was planned for a later instant is planned anew where the clock was set back, or where other days are wanted:
 * otherwise a clock that stood in the next year for a minute would put everything off until then.
 */
export async function heedClockAndDays(db: Db, now: number, days: readonly number[]): Promise<void> {
  const newest = Number((await heeded(db, 'clock')) ?? 0);
  const setBack = now < newest - setBackBy;
  // Once an hour is often enough to know it by.
  if (setBack || now > newest + 3_600_000) await heed(db, 'clock', String(now));
  const wanted = days.join(',');
  const otherDays = (await heed(db, 'reminder-days', wanted)) !== wanted;
  if (setBack || otherDays) await lookAtAll(db);
  if (!setBack) return;
  await checkAllAnew(db, now);
  await watchAllAnew(db);
}
