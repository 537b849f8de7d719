import type { AdminLevel } from '../webex/api/admin-roles.ts';
import { expiryOf, type Lifetimes } from './lifetimes.ts';

/**
 * The state of a token in its profile:
 * `pending` is stored and not verified yet, `current` is the one that is delivered, `previous` was current before,
 * `needs-review` failed verification and waits for a person's decision.
 */
export type TokenState = 'pending' | 'current' | 'previous' | 'needs-review';

export type ReviewReason = 'other-deployment' | 'other-organization' | 'not-full-admin' | 'rejected';

/** How the token was captured: by a sign-in in the browser, pasted as text, or imported from a CSV file. */
export type TokenSource = 'sign-in' | 'import' | 'file';

/** The person who signed in, from Webex's `people/me`. */
export interface Account {
  id: string;
  displayName: string;
  email: string | null;
  orgId: string;
  admin: AdminLevel;
}

/** One captured bearer token, without its value. */
export interface Token {
  id: string;
  profileId: string;
  state: TokenState;
  source: TokenSource;
  /** Epoch milliseconds. */
  capturedAt: number;
  lifetimes: Lifetimes;
  scopes: string[];
  /** The organization ID in the token's own text; null if its format is unknown. */
  orgId: string | null;
  account: Account | null;
  /** When Webex last accepted it; null if it never did. Epoch milliseconds. */
  verifiedAt: number | null;
  /** When Webex first rejected it; null if Webex accepts it, or was not asked. Epoch milliseconds. */
  rejectedAt: number | null;
  reviewReason: ReviewReason | null;
  /** What was unusual at its capture, as sentences. */
  warnings: string[];
}

/** Whether Webex accepted the token when last asked and it has not expired. `now`: epoch milliseconds. */
export function isVerified({ verifiedAt, rejectedAt, lifetimes }: Token, now: number): boolean {
  return verifiedAt !== null && rejectedAt === null && expiryOf(lifetimes).expiresAt > now;
}

/** The current one of a profile's tokens; null if it has none. */
export function currentOf(tokens: readonly Token[]): Token | null {
  return tokens.find(({ state }) => state === 'current') ?? null;
}
