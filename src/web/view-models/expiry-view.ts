import { daysLeft, documentedLifetimeMs } from '../../domain/lifetimes.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import { timeLeftText } from './dates.ts';

/** The expiry of a token, as pages show it. */
export interface ExpiryView {
  status: ProfileStatus;
  statusLabel: string;
  /** The remaining part of the lifetime, from 0 to 100. */
  percentLeft: number;
  timeLeft: string;
  /** The words before the date. */
  datePrefix: string;
  /** The date, in RFC 3339; null if unknown. */
  endsAt: string | null;
}

export const statusLabels: Record<ProfileStatus, string> = {
  undelivered: 'Renewed, not delivered',
  valid: 'Valid',
  expiring: 'Expires soon',
  expired: 'Expired',
  rejected: 'Rejected by Webex',
  empty: 'No token',
};

/** `capturedAt` and the expiry as in a summary, `now` in epoch milliseconds. */
export function expiryView(
  status: ProfileStatus,
  token: { capturedAt: string | null; expiresAt: string | null; effectiveExpiresAt?: string | null },
  now: number,
): ExpiryView {
  const statusLabel = statusLabels[status];
  const endsAt = token.effectiveExpiresAt ?? token.expiresAt;
  if (token.capturedAt === null || endsAt === null) {
    return { status, statusLabel, percentLeft: 0, timeLeft: '', datePrefix: '', endsAt };
  }
  const ends = Date.parse(endsAt);
  // The capture time of an earlier token is not known here.
  const begins = status === 'undelivered' ? ends - documentedLifetimeMs : Date.parse(token.capturedAt);
  if (status === 'rejected') {
    return {
      status,
      statusLabel,
      percentLeft: 0,
      timeLeft: 'no longer accepted',
      datePrefix: 'was due to expire',
      endsAt,
    };
  }
  const share = ends <= begins ? 0 : (ends - now) / (ends - begins);
  const percentLeft = Math.round(Math.min(1, Math.max(0, share)) * 100);
  // A token that expires at this very moment has no days left and counts as expired.
  const days = ends <= now ? Math.min(-1, daysLeft(ends, now)) : daysLeft(ends, now);
  const timeLeft =
    status === 'undelivered' && days < 0
      ? timeLeftText(days).replace('expired', 'earlier token expired')
      : timeLeftText(days);
  return { status, statusLabel, percentLeft, timeLeft, datePrefix: ends <= now ? 'on' : 'until', endsAt };
}
