import { daysLeft } from '../../domain/lifetimes.ts';
import type { ProfileStatus } from '../../domain/profile-status.ts';
import { timeLeftText } from './dates.ts';

/** How a token's life is shown. */
export interface ExpiryView {
  status: ProfileStatus;
  statusWord: string;
  /** How much of its life is left, from 0 to 100. */
  percentLeft: number;
  timeLeft: string;
  /** What stands before the date: `until`, `on`. */
  until: string;
}

const words: Record<ProfileStatus, string> = {
  valid: 'Valid',
  expiring: 'Expires soon',
  expired: 'Expired',
  rejected: 'Rejected by Webex',
  empty: 'No token',
};

/** `capturedAt` and `expiresAt` as in a summary, `now` in epoch milliseconds. */
export function expiryView(
  status: ProfileStatus,
  life: { capturedAt: string | null; expiresAt: string | null },
  now: number,
): ExpiryView {
  const statusWord = words[status];
  if (life.capturedAt === null || life.expiresAt === null) {
    return { status, statusWord, percentLeft: 0, timeLeft: '', until: '' };
  }
  const begins = Date.parse(life.capturedAt);
  const ends = Date.parse(life.expiresAt);
  if (status === 'rejected') {
    return {
      status,
      statusWord,
      percentLeft: 0,
      timeLeft: 'no longer accepted',
      until: 'would have lived until',
    };
  }
  const share = ends <= begins ? 0 : (ends - now) / (ends - begins);
  const percentLeft = Math.round(Math.min(1, Math.max(0, share)) * 100);
  // A token that ends at this very moment has no day left, and has ended.
  const timeLeft = timeLeftText(ends <= now ? Math.min(-1, daysLeft(ends, now)) : daysLeft(ends, now));
  return { status, statusWord, percentLeft, timeLeft, until: ends <= now ? 'on' : 'until' };
}
