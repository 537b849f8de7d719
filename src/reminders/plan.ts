import type { Delivery } from '../domain/profile-status.ts';
import {
  type DueTrigger,
  dueTriggerAt,
  nextTriggerAt,
  reminderDates,
  type TokenDates,
} from '../domain/reminder-triggers.ts';
import { farFuture } from '../store/profiles/derived-columns.ts';
import type { Reminder } from '../store/reminders/reminders.ts';
import { type Decision, type DeliveryContext, decideDelivery, isSameEvent } from './delivery-policy.ts';

/** The plan for a token on one channel. */
export interface Plan {
  /** The reminder to send now; null if there is none. */
  due: { trigger: DueTrigger; send: Extract<Decision, { do: 'send' }> } | null;
  /** When the next known trigger is due. Epoch milliseconds. */
  nextTriggerAt: number;
  /** When the token has to be checked again if nothing is sent now. Epoch milliseconds. */
  nextCheckAt: number;
}

/**
 * Plans the reminder about a profile's current token on one channel, based on the reminders that were already sent there.
 * While a destination has an earlier token, the expiry of that token counts.
 */
export function planReminder(
  token: TokenDates & Delivery,
  rows: readonly Reminder[],
  days: readonly number[],
  context: DeliveryContext,
): Plan {
  const { now } = context;
  const dates = reminderDates(token, token, now);
  const trigger = dueTriggerAt(dates, days, now);
  // An undelivered token that itself expires is reported once more.
  const ownEnd = dates === token ? farFuture : token.expiresAt;
  const next = Math.min(nextTriggerAt(dates, days, now) ?? farFuture, ownEnd);
  const decision: Decision =
    trigger === null ? { do: 'nothing' } : decideDelivery(trigger, rows, isSameEvent(dates), context);
  return {
    due: trigger !== null && decision.do === 'send' ? { trigger, send: decision } : null,
    nextTriggerAt: next,
    nextCheckAt: Math.min(decision.do === 'wait' ? decision.until : farFuture, next),
  };
}
