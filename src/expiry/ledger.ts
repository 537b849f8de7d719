import type { Reminder } from '../store/reminders.ts';
import { dayMs } from '../tokens/lifetimes.ts';
import { type Reached, type Reminded, rankOf } from './occasions.ts';

/** What the ledger makes of an occasion that has come, for one channel. */
export type Decision =
  /** `known` is the row to take over, null where there is none yet. */
  | { do: 'send'; known: Reminder | null; attempt: number }
  /** It is somebody else's, or its next attempt is due then. Epoch milliseconds. */
  | { do: 'wait'; until: number }
  | { do: 'nothing' };

export interface Looking {
  /** Epoch milliseconds. */
  now: number;
  /** Whether the process that claimed it has ended. */
  isGone(claimant: string): boolean;
  /** Tries again at once what failed. */
  impatient: boolean;
}

/** How long a claim holds, and so how long a sending may take. Milliseconds. */
export const claimMs = 3 * 60_000;

/** The pause after so many failed attempts: five minutes, doubling up to twelve hours. Milliseconds. */
export function pauseAfter(attempts: number): number {
  return Math.min(5 * 60_000 * 2 ** (attempts - 1), 12 * 3_600_000);
}

/**
 * Whether the occasion is to be spoken of now. Each is sent once; and once a more urgent one was sent, no lesser one
 * is, even where the clock was set back between the two.
 */
export function decide(
  reached: Reached,
  rows: readonly Reminder[],
  token: Reminded,
  looking: Looking,
): Decision {
  const standing = rows.filter((row) => stillHolds(row, token, looking.now));
  const rank = rankOf(reached.occasion);
  if (standing.some(({ state, occasion }) => state === 'sent' && rankOf(occasion) <= rank)) {
    return { do: 'nothing' };
  }
  const known = rows.find(({ occasion }) => occasion === reached.occasion) ?? null;
  const holding = known !== null && standing.includes(known) ? known : null;
  const until = holding === null ? null : busyUntil(holding, looking);
  if (until !== null) return { do: 'wait', until };
  return { do: 'send', known, attempt: (holding?.attempts ?? 0) + 1 };
}

/**
 * A row speaks of the date as it was then. Where the token's end has moved by a day or more since, that was another
 * matter. So is a row from a future that is months away: the clock that wrote it was wrong.
 */
function stillHolds(row: Reminder, token: Reminded, now: number): boolean {
  const matter = row.occasion === 'rejected' ? token.rejectedAt : token.expiresAt;
  return matter !== null && Math.abs(row.aboutAt - matter) < dayMs && row.changedAt - now < 90 * dayMs;
}

/** Until when others keep off the row; null where they need not. An instant too far off is a wrong clock's. */
function busyUntil(row: Reminder, { now, isGone, impatient }: Looking): number | null {
  const { state, claimedBy, claimedUntil, retryAt } = row;
  const ahead = (instant: number | null, atMost: number) =>
    instant !== null && instant > now && instant <= now + atMost ? instant : null;
  if (state === 'sending')
    return claimedBy !== null && isGone(claimedBy) ? null : ahead(claimedUntil, claimMs);
  return state === 'failed' && !impatient ? ahead(retryAt, 12 * 3_600_000) : null;
}
