import { instant } from '../text/instant.ts';
import type { AdminLevel } from '../webex/api/admin-roles.ts';
import { type Deployment, tenantUrl, type WebexEndpoints } from '../webex/deployments.ts';
import { findingOf, type TokenFinding } from './assess-token.ts';
import { daysLeft, disprovedAt, type ExpirySource, expiryOf, knownEnd } from './lifetimes.ts';
import type { Profile } from './profile.ts';
import { effectiveEndOf, type ProfileStatus, statusOf } from './profile-status.ts';
import { currentOf, type ReviewReason, type Token, type TokenSource, type TokenState } from './token.ts';

/** One row of `list --json`. Instants are RFC 3339 in UTC. */
export interface ProfileSummary {
  profile: string;
  /** The name that people see; null if it is `profile`. */
  displayName: string | null;
  contact: string | null;
  tags: string[];
  deployment: Deployment;
  orgId: string | null;
  tenantUrl: string | null;
  /** The mail address of the person who signed in, or their name if Webex gave no address. */
  account: string | null;
  status: ProfileStatus;
  /** What is wrong with the token that is in use anyway. */
  finding: TokenFinding | null;
  capturedAt: string | null;
  expiresAt: string | null;
  /** With `undelivered`: the earliest end of any token that a destination still holds; otherwise `expiresAt`. */
  effectiveExpiresAt: string | null;
  /** Until `effectiveExpiresAt`, rounded down. */
  daysLeft: number | null;
  expirySource: ExpirySource | null;
  scopes: string[];
}

/** One token in `show --json`; never its value. */
export interface TokenSummary {
  id: string;
  state: TokenState;
  source: TokenSource;
  capturedAt: string;
  /** Null while unknown. */
  expiresAt: string | null;
  expirySource: ExpirySource | null;
  account: string | null;
  accountName: string | null;
  accountOrgId: string | null;
  admin: AdminLevel;
  verifiedAt: string | null;
  rejectedAt: string | null;
  reviewReason: ReviewReason | null;
  warnings: string[];
}

/** `show --json`. */
export interface ProfileDetails extends ProfileSummary {
  lifetimes: { confirmed: string | null; reported: string | null; documented: string | null };
  /** When Webex accepted the token after its reported expiry; null if it did not. */
  reportedOutlivedAt: string | null;
  tokens: TokenSummary[];
}

export function summarize(
  profile: Profile,
  current: Token | null,
  endpoints: WebexEndpoints,
  now: number,
): ProfileSummary {
  const expiry = current === null ? null : expiryOf(current.lifetimes);
  const effectiveEnd = current === null ? null : knownEnd(effectiveEndOf(profile, current, now));
  return {
    profile: profile.name,
    displayName: profile.displayName,
    contact: profile.contact,
    tags: profile.tags,
    deployment: profile.deployment,
    orgId: profile.orgId,
    tenantUrl: profile.orgId === null ? null : tenantUrl(endpoints, profile.orgId),
    account: accountLabel(current),
    status: statusOf(profile, current, now),
    finding: findingOf(profile, current),
    capturedAt: instant(current?.capturedAt ?? null),
    expiresAt: instant(expiry && knownEnd(expiry.expiresAt)),
    effectiveExpiresAt: instant(effectiveEnd),
    daysLeft: effectiveEnd === null ? null : daysLeft(effectiveEnd, now),
    expirySource: expiry?.source ?? null,
    scopes: current?.scopes ?? profile.scopes,
  };
}

/** Everything about a profile except the values of its tokens; `tokens` newest first. */
export function describeProfile(
  profile: Profile,
  tokens: Token[],
  endpoints: WebexEndpoints,
  now: number,
): ProfileDetails {
  const current = currentOf(tokens);
  return {
    ...summarize(profile, current, endpoints, now),
    lifetimes: {
      confirmed: instant(current?.lifetimes.confirmed ?? null),
      reported: instant(current?.lifetimes.reported ?? null),
      documented: instant(current?.lifetimes.documented ?? null),
    },
    reportedOutlivedAt: instant(current && disprovedAt(current.lifetimes)),
    tokens: tokens.map(summarizeToken),
  };
}

export function summarizeToken(token: Token): TokenSummary {
  const expiry = expiryOf(token.lifetimes);
  return {
    id: token.id,
    state: token.state,
    source: token.source,
    capturedAt: instant(token.capturedAt),
    expiresAt: instant(knownEnd(expiry.expiresAt)),
    expirySource: expiry.source,
    account: accountLabel(token),
    accountName: token.account?.displayName ?? null,
    accountOrgId: token.account?.orgId ?? null,
    admin: token.account?.admin ?? 'unknown',
    verifiedAt: instant(token.verifiedAt),
    rejectedAt: instant(token.rejectedAt),
    reviewReason: token.reviewReason,
    warnings: token.warnings,
  };
}

function accountLabel(token: Token | null): string | null {
  return token?.account?.email ?? token?.account?.displayName ?? null;
}
