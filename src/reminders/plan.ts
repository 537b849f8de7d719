import {
  type DueTrigger,
  dueTriggerAt,
  nextTriggerAt,
  type TokenDates,
} from '../domain/reminder-triggers.ts';
import { farFuture } from '../store/profiles/derived-columns.ts';
import type { Reminder } from '../store/reminders.ts';
import { type Decision, type DeliveryContext, decideDelivery, isSameEvent } from './delivery-policy.ts';

/** What to do about a token on one channel. */
export interface Plan {
  /** The reminder to send now; null if there is none. */
  due: { trigger: DueTrigger; send: Extract<Decision, { do: 'send' }> } | null;
  /** The next trigger that can be foreseen. Epoch milliseconds. */
  nextTriggerAt: number;
  /** When the token has to be checked again if nothing is sent now. Epoch milliseconds. */
  nextCheckAt: number;
}

/** Plans the reminder about a token on one channel, by the rows of the reminders that it sent before. */
export function planReminder(
  token: TokenDates,
  rows: readonly Reminder[],
  days: readonly number[],
  context: DeliveryContext,
): Plan {
  const trigger = dueTriggerAt(token, days, context.now);
  const next = nextTriggerAt(token, days, context.now) ?? farFuture;
  const decision: Decision =
    trigger === null ? { do: 'nothing' } : decideDelivery(trigger, rows, isSameEvent(token), context);
  return {
    due: trigger !== null && decision.do === 'send' ? { trigger, send: decision } : null,
    nextTriggerAt: next,
    nextCheckAt: Math.min(decision.do === 'wait' ? decision.until : farFuture, next),
  };
}
