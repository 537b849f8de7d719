import { dayMs, expiryOf } from './lifetimes.ts';
import type { Profile } from './profile.ts';
import type { Token } from './token.ts';

/** `undelivered`: the token was renewed, and a destination still holds an earlier one. */
export type ProfileStatus = 'undelivered' | 'rejected' | 'expired' | 'expiring' | 'valid' | 'empty';

/** The most urgent first. */
export const profileStatuses = [
  'undelivered',
  'rejected',
  'expired',
  'expiring',
  'valid',
  'empty',
] as const satisfies ProfileStatus[];

/** What decides the status of a profile together with its current token. */
export type Delivery = Pick<Profile, 'undeliveredUntil'>;

/** A token counts as expiring in its last 30 days, the default of `check --within`. */
export const expiringWithinDays = 30;

/** The status of a profile, by its current token and what its destinations hold, at `now` (epoch milliseconds). */
export function statusOf(delivery: Delivery, current: Token | null, now: number): ProfileStatus {
  const status = tokenStatus(current, now);
  const isUsable = status === 'valid' || status === 'expiring';
  return isUsable && delivery.undeliveredUntil !== null ? 'undelivered' : status;
}

/** The status of a token at `now` (epoch milliseconds), regardless of what destinations hold. */
export function tokenStatus(token: Token | null, now: number): Exclude<ProfileStatus, 'undelivered'> {
  if (token === null) return 'empty';
  const { expiresAt } = expiryOf(token.lifetimes);
  if (expiresAt <= now) return 'expired';
  if (token.rejectedAt !== null) return 'rejected';
  return expiresAt - now <= expiringWithinDays * dayMs ? 'expiring' : 'valid';
}

/**
 * When provisioning stops unless someone acts: the earliest end of any token that a destination holds. This is the expiry of
 * the current token unless the profile is `undelivered`. Epoch milliseconds; `unknownEnd` while unknown.
 */
export function effectiveEndOf(delivery: Delivery, current: Token, now: number): number {
  const { expiresAt } = expiryOf(current.lifetimes);
  const isUndelivered = statusOf(delivery, current, now) === 'undelivered';
  return isUndelivered ? (delivery.undeliveredUntil ?? expiresAt) : expiresAt;
}
