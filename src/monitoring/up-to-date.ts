import type { Db } from '../store/db.ts';
import { quarantinedDestinations } from '../store/destinations.ts';
import { failingHooks } from '../store/profiles/activations.ts';
import type { StatusTotals } from '../store/profiles/status-totals.ts';
import { pendingTokens, tokensNeedingReview } from '../store/profiles/tokens.ts';
import { firstUnfinished, type Unfinished } from '../store/profiles/unfinished.ts';
import { failedReminders } from '../store/reminders/reminders.ts';

/** Whether everything is up to date. `unfinished`: what is left to do for a profile if nothing else prevents that. */
export interface UpToDate {
  upToDate: boolean;
  unfinished: Unfinished | null;
}

/**
 * Everything is up to date if every token is valid, verified and delivered, reminders reach someone, nothing waits for a
 * decision, and the renewal hook, if there is one, does not fail. Reads the profiles only if everything else is in order. With
 * more than `maxProfiles`, it reads none and is never up to date.
 */
export async function upToDateState(
  db: Db,
  {
    totals,
    remindersSetUp,
    hookSetUp,
    maxProfiles = Number.POSITIVE_INFINITY,
  }: { totals: StatusTotals; remindersSetUp: boolean; hookSetUp: boolean; maxProfiles?: number },
): Promise<UpToDate> {
  const isWell =
    totals.all > 0 &&
    totals.all <= maxProfiles &&
    totals.all === totals.valid &&
    (await quarantinedDestinations(db)).length === 0 &&
    (await failedReminders(db, 1)).length === 0 &&
    (await tokensNeedingReview(db, { limit: 1 })).length === 0 &&
    (await pendingTokens(db)).length === 0 &&
    (!hookSetUp || (await failingHooks(db, 1)).length === 0);
  const unfinished = isWell ? await firstUnfinished(db) : null;
  return { upToDate: isWell && unfinished === null && remindersSetUp, unfinished };
}
