import { dayMs, daysLeft, expiryOf } from './lifetimes.ts';
import type { Delivery } from './profile-status.ts';
import type { Token } from './token.ts';

/** How many days before a token expires to send a reminder, unless set otherwise. Largest first. */
export const defaultReminderDays = [60, 30, 14, 7, 3, 1, 0];

/** What a reminder is about: a number of days left, or that the token has expired or was rejected. */
export type ReminderTrigger = `${number}` | 'expired' | 'rejected';

/** Triggers for events of a profile. They do not replace reminders of its token, and reminders do not replace them. */
export const profileEvents = ['renewed', 'hook-failed'] as const;

export function isProfileEvent(trigger: string): boolean {
  return profileEvents.some((event) => event === trigger);
}

/** The dates of a token that its reminders depend on. Epoch milliseconds. */
export interface TokenDates {
  capturedAt: number;
  expiresAt: number;
  rejectedAt: number | null;
}

/**
 * The dates that reminders depend on at `now`: the token's own, or the effective end while a destination holds an earlier
 * token. With the effective end every threshold applies, even right after the renewal.
 */
export function reminderDates(token: TokenDates, { undeliveredUntil }: Delivery, now: number): TokenDates {
  if (undeliveredUntil === null || token.rejectedAt !== null || token.expiresAt <= now) return token;
  return { ...token, capturedAt: 0, expiresAt: undeliveredUntil };
}

/** A trigger that is due, and when its event happens: the expiry or the rejection of the token. */
export interface DueTrigger {
  trigger: ReminderTrigger;
  eventAt: number;
}

/** A smaller number is more urgent. NaN for triggers that are not about the end of a token. */
export function urgencyOf(trigger: string): number {
  if (trigger === 'rejected') return -2;
  return trigger === 'expired' ? -1 : Number(trigger);
}

/** The thresholds that are within the token's lifetime. Largest first. */
export function thresholdsOf({ capturedAt, expiresAt }: TokenDates, days: readonly number[]): number[] {
  return days.filter((each) => each * dayMs <= expiresAt - capturedAt);
}

/** The most urgent trigger that is due at `now`; null if none is. */
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

/** When the next predictable trigger after `now` is due; null if none is left. Epoch milliseconds. */
export function nextTriggerAt(token: TokenDates, days: readonly number[], now: number): number | null {
  if (isRejected(token)) return null;
  const { expiresAt } = token;
  const instants = [...thresholdsOf(token, days).map((each) => thresholdAt(expiresAt, each)), expiresAt];
  return instants.find((instant) => instant > now) ?? null;
}

/** When a new token is first due for a reminder; 0 if a reminder is due already or none can be predicted. Epoch milliseconds. */
export function firstReminderCheckAt(
  { capturedAt, lifetimes, rejectedAt }: Pick<Token, 'capturedAt' | 'lifetimes' | 'rejectedAt'>,
  days: readonly number[],
  now: number,
): number {
  const token = { capturedAt, rejectedAt, expiresAt: expiryOf(lifetimes).expiresAt };
  return dueTriggerAt(token, days, now) === null ? (nextTriggerAt(token, days, now) ?? 0) : 0;
}

/** When `days` whole days are left for the first time, counted as `list` does: for 14, just under 15 days before the end. */
export function thresholdAt(expiresAt: number, days: number): number {
  return expiresAt - (days + 1) * dayMs + 1;
}

/** Webex rejects every token after its expiry, so a later rejection does not count. */
function isRejected({ rejectedAt, expiresAt }: TokenDates): boolean {
  return rejectedAt !== null && rejectedAt < expiresAt;
}
