import { dayMs } from '../../domain/lifetimes.ts';
import { lastAuditTime } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';

/** A smaller difference is not worth a warning. Milliseconds. */
const toleranceMs = dayMs;

/** This program did not exist before. */
const firstReleaseYear = 2026;

/**
 * A warning about a clock that was set back, because the expiry dates of new tokens would be wrong; null if the clock seems
 * right. A clock that is ahead looks the same as a store that was not used for a long time.
 */
export async function checkClock(db: Db, now: number): Promise<string | null> {
  const last = await lastAuditTime(db);
  const clock = `The system clock shows ${dateText(now)}`;
  const help =
    'Expiry dates and reminders depend on it: correct the clock, then try again. No token is lost.';
  if (last !== null && now < last - toleranceMs) {
    return `${clock}, but the store was last written on ${dateText(last)}. ${help}`;
  }
  return new Date(now).getUTCFullYear() < firstReleaseYear ? `${clock}. ${help}` : null;
}

function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
