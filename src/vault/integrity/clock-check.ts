import { dayMs } from '../../domain/lifetimes.ts';
import { lastAuditTime } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';

/** A smaller difference causes no warning. Milliseconds. */
const toleranceMs = dayMs;

/** An earlier year is certainly wrong, because this program did not exist then. */
const firstReleaseYear = 2026;

/**
 * A warning if the system clock was set back, because the expiry dates of new tokens would be wrong; null if the clock seems
 * right. A clock that is ahead cannot be detected: it looks the same as a store that was not used for a long time.
 */
export async function checkClock(db: Db, now: number): Promise<string | null> {
  const last = await lastAuditTime(db);
  const clock = `The system clock shows ${dateText(now)}`;
  const help =
    'Expiry dates and reminders depend on the clock. Correct it, then try again. No token is lost.';
  if (last !== null && now < last - toleranceMs) {
    return `${clock}, but the store was last written on ${dateText(last)}. ${help}`;
  }
  return new Date(now).getUTCFullYear() < firstReleaseYear ? `${clock}. ${help}` : null;
}

function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
