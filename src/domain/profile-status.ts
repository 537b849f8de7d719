import { dayMs, expiryOf } from './lifetimes.ts';
import type { Token } from './token.ts';

export type ProfileStatus = 'valid' | 'expiring' | 'expired' | 'rejected' | 'empty';

/** A token counts as expiring in its last 30 days, the default of `check --within`. */
export const expiringWithinDays = 30;

/** The status of a profile, by its current token, at `now` (epoch milliseconds). */
export function statusOf(current: Token | null, now: number): ProfileStatus {
  if (current === null) return 'empty';
  const { expiresAt } = expiryOf(current.lifetimes);
  if (expiresAt <= now) return 'expired';
  if (current.rejectedAt !== null) return 'rejected';
  return expiresAt - now <= expiringWithinDays * dayMs ? 'expiring' : 'valid';
}
