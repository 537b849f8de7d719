/** 86,400 seconds, regardless of daylight saving time. */
export const dayMs = 86_400_000;

/** An instant that is further ahead of the clock was recorded while the clock was ahead. Milliseconds. */
export const clockToleranceMs = dayMs;

/** 365 days, according to Cisco's and Microsoft's guides. */
export const documentedLifetimeMs = 365 * dayMs;

export type ExpirySource = 'confirmed' | 'reported' | 'documented';

/** When a token expires, by source. Epoch milliseconds. */
export interface Lifetimes {
  /** Confirmed by Webex for this token (`GET /authorizations/tokenExpiry`). */
  confirmed: number | null;
  /** From the `expires_in` of its redirect. */
  reported: number | null;
  /** 365 days after its capture. */
  documented: number | null;
  /** When Webex last accepted the token. An earlier reported expiry is disproved. */
  acceptedAt?: number | null;
}

export interface Expiry {
  /** Epoch milliseconds; `unknownEnd` if there is no evidence. */
  expiresAt: number;
  /** Null if there is no evidence. */
  source: ExpirySource | null;
}

/** Stands for an unknown expiry, later than every real one. Epoch milliseconds. */
export const unknownEnd = Date.UTC(9999, 11, 31, 23, 59, 59);

/** For a token whose capture date is unknown. */
export const unknownLifetimes: Lifetimes = { confirmed: null, reported: null, documented: null };

/** The expiry, or null for `unknownEnd`. */
export function knownEnd(expiresAt: number): number | null {
  return expiresAt === unknownEnd ? null : expiresAt;
}

/** The lifetimes of a token captured at `capturedAt`, before Webex was asked. */
export function lifetimesAtCapture(capturedAt: number, expiresInSeconds: number | null): Lifetimes {
  return {
    confirmed: null,
    reported: expiresInSeconds === null ? null : capturedAt + expiresInSeconds * 1000,
    documented: capturedAt + documentedLifetimeMs,
  };
}

/**
 * The capture date and lifetimes of a token that was captured while the clock was ahead: it was captured by `now` at the
 * latest. Null if its capture date is possible, or if its lifetimes do not depend on it.
 */
export function correctedCapture(
  { capturedAt, lifetimes }: { capturedAt: number; lifetimes: Lifetimes },
  now: number,
): { capturedAt: number; lifetimes: Lifetimes } | null {
  const { reported, documented } = lifetimes;
  const ahead = capturedAt - now;
  if (ahead < clockToleranceMs || documented !== capturedAt + documentedLifetimeMs) return null;
  return {
    capturedAt: now,
    lifetimes: {
      ...lifetimes,
      reported: reported === null ? null : reported - ahead,
      documented: documented - ahead,
    },
  };
}

/** When Webex accepted the token after its reported expiry; null if it did not, or confirms a date. */
export function disprovedAt({ confirmed, reported, acceptedAt = null }: Lifetimes): number | null {
  if (confirmed !== null || reported === null || acceptedAt === null) return null;
  return reported <= acceptedAt ? acceptedAt : null;
}

/**
 * The expiry to act on: the confirmed one, otherwise the earlier of the reported and the documented one. A reported expiry
 * no longer counts once Webex accepted the token after it. Without any evidence, as for a pasted token, the expiry is
 * unknown until Webex confirms one.
 */
export function expiryOf(lifetimes: Lifetimes): Expiry {
  const { confirmed, reported, documented } = lifetimes;
  if (confirmed !== null) return { expiresAt: confirmed, source: 'confirmed' };
  const counts = reported !== null && disprovedAt(lifetimes) === null;
  if (counts && (documented === null || reported < documented)) {
    return { expiresAt: reported, source: 'reported' };
  }
  if (documented === null) return { expiresAt: unknownEnd, source: null };
  return { expiresAt: documented, source: 'documented' };
}

/** Whole days from `now` to `expiresAt`, rounded down; negative after the expiry. */
export function daysLeft(expiresAt: number, now: number): number {
  return Math.floor((expiresAt - now) / dayMs);
}
