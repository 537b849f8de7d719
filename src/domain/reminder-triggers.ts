import { dayMs, daysLeft, expiryOf } from './lifetimes.ts';
import type { Delivery } from './profile-status.ts';
import type { Token } from './token.ts';

/** How many days before a token expires to send a reminder, unless set otherwise. Largest first. */
export const defaultReminderDays = [60, 30, 14, 7, 3, 1, 0];

/** What a reminder is about: so many days left, or that it is over. */
export type ReminderTrigger = `${number}` | 'expired' | 'rejected';

/** Triggers of events about a profile that are no reminders of its token: neither replaces the other. */
export const profileEvents = ['renewed', 'hook-failed'] as const;

export function isProfileEvent(trigger: string): boolean {
  return profileEvents.some((event) => event === trigger);
}

/** What of a token decides about its reminders. Epoch milliseconds. */
export interface TokenDates {
  capturedAt: number;
  expiresAt: number;
  rejectedAt: number | null;
}

/**
 * The dates that reminders go by at `now`: those of the token, or while a destination holds an earlier one, the effective
 * end. Then every threshold applies, however short the time since the renewal.
 */
export function reminderDates(token: TokenDates, { undeliveredUntil }: Delivery, now: number): TokenDates {
  if (undeliveredUntil === null || token.rejectedAt !== null || token.expiresAt <= now) return token;
  return { ...token, capturedAt: 0, expiresAt: undeliveredUntil };
}

/** A trigger that has come, and the instant it speaks of: the token's end, or its rejection. */
export interface DueTrigger {
  trigger: ReminderTrigger;
  eventAt: number;
}

/** The smaller, the more urgent. Not a number for what has nothing to do with the token's end. */
export function urgencyOf(trigger: string): number {
  if (trigger === 'rejected') return -2;
  return trigger === 'expired' ? -1 : Number(trigger);
}

/** The thresholds that a token of this life has: none is longer than the life itself. Largest first. */
export function thresholdsOf({ capturedAt, expiresAt }: TokenDates, days: readonly number[]): number[] {
  return days.filter((each) => each * dayMs <= expiresAt - capturedAt);
}

/** The most urgent trigger that has come at `now`; null while there is nothing to say. */
export function dueTriggerAt(token: TokenDates, days: readonly number[], now: number): DueTrigger | null {
  if (isRejected(token) && token.rejectedAt !== null) {
    return { trigger: 'rejected', eventAt: token.rejectedAt };
  }
  const { expiresAt } = token;
  if (now >= expiresAt) return { trigger: 'expired', eventAt: expiresAt };
  const left = daysLeft(expiresAt, now);
  const reached = thresholdsOf(token, days).filter((each) => left <= each);
  const nearest = reached.at(-1);
  return nearest === undefined ? null : { trigger: `${nearest}`, eventAt: expiresAt };
}

/** When the next trigger after `now` comes that can be foreseen; null if none is left. Epoch milliseconds. */
export function nextTriggerAt(token: TokenDates, days: readonly number[], now: number): number | null {
  if (isRejected(token)) return null;
  const { expiresAt } = token;
  const instants = [...thresholdsOf(token, days).map((each) => thresholdAt(expiresAt, each)), expiresAt];
  return instants.find((instant) => instant > now) ?? null;
}

/** When reminders first have to look at a new token: at once where one has come already. Epoch milliseconds. */
export function firstLookAt(
  { capturedAt, lifetimes, rejectedAt }: Pick<Token, 'capturedAt' | 'lifetimes' | 'rejectedAt'>,
  days: readonly number[],
  now: number,
): number {
  const token = { capturedAt, rejectedAt, expiresAt: expiryOf(lifetimes).expiresAt };
  return dueTriggerAt(token, days, now) === null ? (nextTriggerAt(token, days, now) ?? 0) : 0;
}

/** The first instant at which so many whole days are left: 14 from 15 days before the end on, as `list` counts. */
export function thresholdAt(expiresAt: number, days: number): number {
  return expiresAt - (days + 1) * dayMs + 1;
}

/** That Webex refuses a token after its end is no news. */
function isRejected({ rejectedAt, expiresAt }: TokenDates): boolean {
  return rejectedAt !== null && rejectedAt < expiresAt;
}
