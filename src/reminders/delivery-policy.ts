import { retryDelayMs } from '../domain/delays.ts';
import { dayMs } from '../domain/lifetimes.ts';
import { type TokenDates, urgencyOf } from '../domain/reminder-triggers.ts';
import { leasedUntil } from '../process/lease-owner.ts';
import type { Reminder } from '../store/reminders/reminders.ts';

/** The decision about a trigger on one channel. */
export type Decision =
  /** `known` is the row to take over, null if there is none yet. */
  | { do: 'send'; known: Reminder | null; attempt: number; deliveredTo: string[] }
  /** Another process is sending it, or the next attempt is due later. Epoch milliseconds. */
  | { do: 'wait'; until: number }
  | { do: 'nothing' };

export interface DeliveryContext {
  /** Epoch milliseconds. */
  now: number;
  /** Whether the process that owns a lease has exited. */
  hasExited(leaseOwner: string): boolean;
  /** Retries failed deliveries without waiting for their delay. */
  retryNow: boolean;
}

/** How long a delivery may take on a channel that does not say. Milliseconds. */
export const deliveryTimeoutMs = 60_000;

/** How long a lease for such a delivery lasts. Milliseconds. */
export const leaseMs = leaseFor(deliveryTimeoutMs);

/** The maximum duration of a lease. Milliseconds. */
const longestLeaseMs = 30 * 60_000;

const longestRetryDelayMs = 12 * 3_600_000;

/** A row from this far ahead was written while the clock was wrong. Milliseconds. */
export const farAheadMs = 90 * dayMs;

/** How long a lease lasts: the timeout of the delivery, and the time to record it. Milliseconds. */
export function leaseFor(timeoutMs: number): number {
  return timeoutMs + 2 * 60_000;
}

/** How long to wait after this number of failed deliveries. Milliseconds. */
export function redeliveryDelayMs(failedAttempts: number): number {
  return retryDelayMs(failedAttempts, longestRetryDelayMs);
}

/**
 * Decides whether to send a reminder for a trigger now. Each trigger is sent once. After a more urgent trigger was sent, no less
 * urgent one is sent, even if the clock was set back in between. `isSameEvent` says which rows are about the current event.
 */
export function decideDelivery(
  { trigger }: { trigger: string },
  rows: readonly Reminder[],
  isSameEvent: (row: Reminder) => boolean,
  context: DeliveryContext,
): Decision {
  const current = rows.filter((row) => isSameEvent(row) && row.changedAt - context.now < farAheadMs);
  const isSent = (row: Reminder) =>
    row.state === 'sent' && (row.trigger === trigger || urgencyOf(row.trigger) <= urgencyOf(trigger));
  if (current.some(isSent)) return { do: 'nothing' };
  const known = rows.find((row) => row.trigger === trigger) ?? null;
  const previous = known !== null && current.includes(known) ? known : null;
  const until = previous === null ? null : busyUntil(previous, context);
  if (until !== null) return { do: 'wait', until };
  return {
    do: 'send',
    known,
    attempt: (previous?.attempts ?? 0) + 1,
    deliveredTo: previous?.deliveredTo ?? [],
  };
}

/** Whether a row is about a token's current expiry or rejection. A date that moved by a day or more is a different event. */
export function isSameEvent(token: TokenDates): (row: Reminder) => boolean {
  return (row) => {
    const eventAt = row.trigger === 'rejected' ? token.rejectedAt : token.expiresAt;
    return eventAt !== null && Math.abs(row.eventAt - eventAt) < dayMs;
  };
}

/** Until when no other process may handle the row, or null. A time too far in the future comes from a wrong clock. */
function busyUntil(row: Reminder, { now, hasExited, retryNow }: DeliveryContext): number | null {
  const { state, retryAt } = row;
  if (state === 'sending') return leasedUntil(row, { now, hasExited, longestMs: longestLeaseMs });
  const waits = state === 'failed' && !retryNow && retryAt !== null;
  return waits && retryAt > now && retryAt <= now + longestRetryDelayMs ? retryAt : null;
}
