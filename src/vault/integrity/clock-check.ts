import { clockToleranceMs, dayMs } from '../../domain/lifetimes.ts';
import { lastAuditTime } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';
import { lastDayBeforeJump } from '../../store/meta/days-of-use.ts';
import { plural } from '../../text/count.ts';

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
  if (last !== null && now < last - clockToleranceMs) {
    return `${clock}, but the store was last written on ${dateText(last)}. ${help}`;
  }
  return new Date(now).getUTCFullYear() < firstReleaseYear ? `${clock}. ${help}` : null;
}

/** A warning if this machine's clock differs from Webex's by more than a day; null if it does not, or Webex's is unknown. */
export function clockDifference(webexTime: number | null, now: number): string | null {
  const ahead = webexTime === null ? 0 : now - webexTime;
  if (Math.abs(ahead) <= clockToleranceMs) return null;
  const days = plural(Math.round(Math.abs(ahead) / dayMs), 'day');
  return `This machine’s clock is ${days} ${ahead > 0 ? 'ahead of' : 'behind'} Webex’s. Expiry dates and reminders depend on it: correct the clock, then get a new token.`;
}

/**
 * What suggests that the clock is ahead: until recently, the program did not run for more than 30 days by this clock. `day` is
 * the last day before that. Null if nothing does.
 */
export async function clockJump(
  db: Db,
  now: number,
): Promise<{ day: string; startOfDay: number; text: string } | null> {
  const startOfDay = await lastDayBeforeJump(db, now);
  if (startOfDay === null) return null;
  const day = dateText(startOfDay);
  const text = `The system clock shows ${dateText(now)}, but this program ran on ${day}, and then not for more than 30 days.`;
  return { day, startOfDay, text };
}

function dateText(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
