import { daysLeft } from '../../domain/lifetimes.ts';
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
}

const labels: Record<ProfileStatus, string> = {
  valid: 'Valid',
  expiring: 'Expires soon',
  expired: 'Expired',
  rejected: 'Rejected by Webex',
  empty: 'No token',
};

/** `capturedAt` and `expiresAt` as in a summary, `now` in epoch milliseconds. */
export function expiryView(
  status: ProfileStatus,
  token: { capturedAt: string | null; expiresAt: string | null },
  now: number,
): ExpiryView {
  const statusLabel = labels[status];
  if (token.capturedAt === null || token.expiresAt === null) {
    return { status, statusLabel, percentLeft: 0, timeLeft: '', datePrefix: '' };
  }
  const begins = Date.parse(token.capturedAt);
  const ends = Date.parse(token.expiresAt);
  if (status === 'rejected') {
    return {
      status,
      statusLabel,
      percentLeft: 0,
      timeLeft: 'no longer accepted',
      datePrefix: 'was due to expire',
    };
  }
  const share = ends <= begins ? 0 : (ends - now) / (ends - begins);
  const percentLeft = Math.round(Math.min(1, Math.max(0, share)) * 100);
  // A token that expires at this moment has no day left and counts as expired.
  const timeLeft = timeLeftText(ends <= now ? Math.min(-1, daysLeft(ends, now)) : daysLeft(ends, now));
  return { status, statusLabel, percentLeft, timeLeft, datePrefix: ends <= now ? 'on' : 'until' };
}
