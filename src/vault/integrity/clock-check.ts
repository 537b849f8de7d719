import { lastAuditTime } from '../../store/audit/read.ts';
import type { Db } from '../../store/db.ts';

/** Nobody's clock is off by this much without being wrong. Milliseconds. */
const toleranceMs = 86_400_000;

/** No copy of this program ran before. */
const firstReleaseYear = 2026;

/**
 * What to say of a clock that was set back: expiry dates of what is stored under it would be wrong. Null where nothing
 * speaks against it. One that is ahead cannot be told from a store that was not used for long.
 */
export async function checkClock(db: Db, now: number): Promise<string | null> {
  const last = await lastAuditTime(db);
  const says = `This machine's clock says ${shown(now)}`;
  const mend =
    'Expiry dates and reminders go by it: set it right, then try again. Nothing stored is lost by it.';
  if (last !== null && now < last - toleranceMs) {
    return `${says}, but the store was last written on ${shown(last)}. ${mend}`;
  }
  return new Date(now).getUTCFullYear() < firstReleaseYear ? `${says}. ${mend}` : null;
}

function shown(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
