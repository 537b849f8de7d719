import { clockToleranceMs } from '../domain/lifetimes.ts';
import type { Db } from '../store/db.ts';
import { rescheduleStatusChecks } from '../store/destinations.ts';
import { getMeta, swapMeta } from '../store/meta/meta.ts';
import { rescheduleHooks } from '../store/profiles/activations.ts';
import { rescheduleChecks } from '../store/profiles/token-checks.ts';
import { disregardSentAfter, recheckAll, restoreSentUntil } from '../store/reminders/reminders.ts';
import { farAheadMs } from './delivery-policy.ts';

/**
 * Reschedules everything after the clock was set back or the reminder days changed. Otherwise, a clock that was a year ahead for a
 * minute would postpone everything by a year. The new state is stored last, so that the next run repeats this if the process ends
 * in between.
 */
export async function rescheduleAfterClockOrConfigChange(
  db: Db,
  now: number,
  days: readonly number[],
): Promise<void> {
  const newest = Number((await getMeta(db, 'clock')) ?? 0);
  const setBack = now < newest - clockToleranceMs;
  const wanted = days.join(',');
  const planned = await getMeta(db, 'reminder-days');
  // If no days are stored, nothing was scheduled yet.
  if (setBack || (planned !== null && planned !== wanted)) await recheckAll(db);
  if (setBack) {
    await rescheduleChecks(db, now);
    await rescheduleStatusChecks(db);
    await rescheduleHooks(db, now);
    await disregardSentAfter(db, now + farAheadMs);
  }
  if (now > newest + farAheadMs) await restoreSentUntil(db, now + farAheadMs);
  await swapMeta(db, 'reminder-days', wanted);
  // Once an hour is enough to notice a clock that was set back.
  if (setBack || now > newest + 3_600_000) await swapMeta(db, 'clock', String(now));
}
