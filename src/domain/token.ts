import type { AdminLevel } from '../webex/api/admin-roles.ts';
import { expiryOf, type Lifetimes } from './lifetimes.ts';

/**
 * Where a token stands in its profile:
 * `pending` is stored and not verified yet, `current` is the one handed out, `earlier` was current once,
 * `set-aside` failed its check and waits for the person's word.
 */
export type TokenState = 'pending' | 'current' | 'previous' | 'needs-review';

export type ReviewReason = 'other-deployment' | 'other-organization' | 'not-full-admin' | 'rejected';

/** How the token came in: through a browser, or read from text that a person handed over. */
export type TokenSource = 'sign-in' | 'import' | 'file';

/** The person who signed in, as Webex's `people/me` tells it. */
export interface Account {
  id: string;
  displayName: string;
  email: string | null;
  orgId: string;
  admin: AdminLevel;
}

/** What is known of one captured bearer token. Its value is never part of this. */
export interface Token {
  id: string;
  profileId: string;
  state: TokenState;
  source: TokenSource;
  /** Epoch milliseconds. */
  capturedAt: number;
  lifetimes: Lifetimes;
  scopes: string[];
  /** The organization named in the token itself, where its form is known. */
  orgId: string | null;
  account: Account | null;
  /** When Webex last accepted it; null when it was never asked, or could not tell. Epoch milliseconds. */
  verifiedAt: number | null;
  /** When Webex said that it is no longer good. Epoch milliseconds. */
  rejectedAt: number | null;
  reviewReason: ReviewReason | null;
  /** What was odd at its capture, in words for a person. */
  warnings: string[];
}

/** Whether Webex accepted the token when it was last asked, and its end has not come. `now`: epoch milliseconds. */
export function isVerified({ verifiedAt, rejectedAt, lifetimes }: Token, now: number): boolean {
  return verifiedAt !== null && rejectedAt === null && expiryOf(lifetimes).expiresAt > now;
}

/** The current one of a profile's tokens; null if it has none. */
export function currentOf(tokens: readonly Token[]): Token | null {
  return tokens.find(({ state }) => state === 'current') ?? null;
}
