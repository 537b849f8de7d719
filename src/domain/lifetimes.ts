/** A day as everybody here counts it: 86,400 seconds, whatever the clocks on the wall do. */
export const dayMs = 86_400_000;

/** Cisco's and Microsoft's guides: the token is valid for 365 days. */
export const documentedLifetimeMs = 365 * dayMs;

export type ExpirySource = 'confirmed' | 'reported' | 'documented';

/** The instants at which a token ends, by who says so. Epoch milliseconds. */
export interface Lifetimes {
  /** Webex's own answer for this very token (`GET /authorizations/tokenExpiry`). */
  confirmed: number | null;
  /** The `expires_in` that came with it. */
  reported: number | null;
  /** 365 days from its capture, as the guides say. */
  documented: number | null;
  /** When Webex last accepted the token: what is said to end before then is disproved. */
  acceptedAt?: number | null;
}

export interface Expiry {
  /** Epoch milliseconds; `unknownEnd` where nobody said anything. */
  expiresAt: number;
  /** Null where nobody said anything. */
  source: ExpirySource | null;
}

/** Stands for an end that nobody knows: after every instant that matters. Epoch milliseconds. */
export const unknownEnd = Date.UTC(9999, 11, 31, 23, 59, 59);

/** A token of which nobody knows when it was captured. */
export const unknownLifetimes: Lifetimes = { confirmed: null, reported: null, documented: null };

/** The instant itself, or null for `unknownEnd`. */
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

/** When Webex accepted the token after the end that came with it; null where it did not, or confirms another date. */
export function disprovedAt({ confirmed, reported, acceptedAt = null }: Lifetimes): number | null {
  if (confirmed !== null || reported === null || acceptedAt === null) return null;
  return reported <= acceptedAt ? acceptedAt : null;
}

/**
 * The instant to act on: Webex's own answer, else the earlier of what is reported and what is documented. A reported
 * one no longer counts once Webex has accepted the token after it.
 * Where there is neither, as for a bare token of an unknown day, the end is unknown until Webex tells it.
 */
export function expiryOf(lifetimes: Lifetimes): Expiry {
  const { confirmed, reported, documented } = lifetimes;
  if (confirmed !== null) return { expiresAt: confirmed, source: 'confirmed' };
  const disproved = disprovedAt(lifetimes) !== null;
  if (reported !== null && (documented === null || (reported < documented && !disproved))) {
    return { expiresAt: reported, source: 'reported' };
  }
  if (documented === null) return { expiresAt: unknownEnd, source: null };
  return { expiresAt: documented, source: 'documented' };
}

/** Whole days from `now` to `expiresAt`, rounded down; negative once it is over. */
export function daysLeft(expiresAt: number, now: number): number {
  return Math.floor((expiresAt - now) / dayMs);
}
