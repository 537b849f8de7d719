import { dayMs } from '../domain/lifetimes.ts';
import { type TokenDates, urgencyOf } from '../domain/reminder-triggers.ts';
import type { Reminder } from '../store/reminders.ts';

/** What the ledger makes of an trigger that has come, for one channel. */
export type Decision =
  /** `known` is the row to take over, null where there is none yet. */
  | { do: 'send'; known: Reminder | null; attempt: number; deliveredTo: string[] }
  /** It is somebody else's, or its next attempt is due then. Epoch milliseconds. */
  | { do: 'wait'; until: number }
  | { do: 'nothing' };

export interface DeliveryContext {
  /** Epoch milliseconds. */
  now: number;
  /** Whether the process that claimed it has ended. */
  hasExited(claimant: string): boolean;
  /** Tries again at once what failed. */
  retryNow: boolean;
}

/** How long a message may take on a channel that says nothing else. Milliseconds. */
export const deliveryTimeoutMs = 60_000;

/** How long a claim holds on such a channel: what is recorded before and after the sending takes a while too. Milliseconds. */
export const leaseMs = claimFor(deliveryTimeoutMs);

/** No claim holds for longer: what is further off was written by a wrong clock. Milliseconds. */
const longestClaimMs = 30 * 60_000;

/** How long a claim holds for a sending that takes at most so long. Milliseconds. */
export function claimFor(timeoutMs: number): number {
  return timeoutMs + 2 * 60_000;
}

/** The pause after so many failed attempts: five minutes, doubling up to twelve hours. Milliseconds. */
export function retryDelayMs(attempts: number): number {
  return Math.min(5 * 60_000 * 2 ** (attempts - 1), 12 * 3_600_000);
}

/**
 * Whether the trigger is to be spoken of now. Each is sent once; and once a more urgent one was sent, no lesser one
 * is, even where the clock was set back between the two. `stands` tells which rows still speak of how things are.
 */
export function decideDelivery(
  reached: { trigger: string },
  rows: readonly Reminder[],
  stands: (row: Reminder) => boolean,
  looking: DeliveryContext,
): Decision {
  // One from a future that is months away is none: the clock that wrote it was wrong.
  const standing = rows.filter((row) => stands(row) && row.changedAt - looking.now < 90 * dayMs);
  const { trigger: wanted } = reached;
  const isSaid = ({ state, trigger }: Reminder) =>
    state === 'sent' && (trigger === wanted || urgencyOf(trigger) <= urgencyOf(wanted));
  if (standing.some(isSaid)) return { do: 'nothing' };
  const known = rows.find(({ trigger }) => trigger === wanted) ?? null;
  const holding = known !== null && standing.includes(known) ? known : null;
  const until = holding === null ? null : busyUntil(holding, looking);
  if (until !== null) return { do: 'wait', until };
  return {
    do: 'send',
    known,
    attempt: (holding?.attempts ?? 0) + 1,
    deliveredTo: holding?.deliveredTo ?? [],
  };
}

/**
 * A row speaks of the token's date as it was then. Where that has moved by a day or more since, it was another matter.
 */
export function isSameEvent(token: TokenDates): (row: Reminder) => boolean {
  return (row) => {
    const matter = row.trigger === 'rejected' ? token.rejectedAt : token.expiresAt;
    return matter !== null && Math.abs(row.eventAt - matter) < dayMs;
  };
}

/** Until when others keep off the row; null where they need not. An instant too far off is a wrong clock's. */
function busyUntil(row: Reminder, { now, hasExited, retryNow }: DeliveryContext): number | null {
  const { state, leaseOwner, leaseExpiresAt, retryAt } = row;
  const ahead = (instant: number | null, atMost: number) =>
    instant !== null && instant > now && instant <= now + atMost ? instant : null;
  if (state === 'sending')
    return leaseOwner !== null && hasExited(leaseOwner) ? null : ahead(leaseExpiresAt, longestClaimMs);
  return state === 'failed' && !retryNow ? ahead(retryAt, 12 * 3_600_000) : null;
}
