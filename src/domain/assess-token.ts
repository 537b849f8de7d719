import type { PersonResult } from '../webex/api/people-me.ts';
import type { Deployment } from '../webex/deployments.ts';
import { clockToleranceMs } from './lifetimes.ts';
import type { Profile } from './profile.ts';
import {
  type Account,
  currentOf,
  isVerified,
  type ReviewReason,
  type Token,
  type TokenState,
} from './token.ts';

/** What the text of a token shows without a request to Webex. */
export interface TokenClaims {
  orgId: string | null;
  deployment: Deployment | null;
}

/** Why the text of a token rules it out for the profile; null if it does not. */
export function claimConflict(
  claims: Partial<TokenClaims>,
  profile: Pick<Profile, 'deployment' | 'orgId'>,
): 'other-deployment' | 'other-organization' | null {
  const { deployment = null, orgId = null } = claims;
  if (deployment !== null && deployment !== profile.deployment) return 'other-deployment';
  return isOther(orgId, profile.orgId) ? 'other-organization' : null;
}

/** Why a token of this account should not be used for the profile; null if there is no reason. */
export function accountConflict(
  { orgId, admin }: Pick<Account, 'orgId' | 'admin'>,
  profile: Pick<Profile, 'orgId'>,
): TokenFinding | null {
  if (isOther(orgId, profile.orgId)) return 'other-organization';
  return admin === 'other' || admin === 'none' ? 'not-full-admin' : null;
}

/** What is wrong with a token that is in use anyway, because a person approved it or the problem was found later. */
export type TokenFinding = 'other-organization' | 'not-full-admin';

/** The finding about a profile's current token; null if there is none. */
export function findingOf(
  profile: Pick<Profile, 'orgId'>,
  current: Pick<Token, 'account' | 'orgId'> | null,
): TokenFinding | null {
  if (current === null) return null;
  if (current.account !== null) return accountConflict(current.account, profile);
  return isOther(current.orgId, profile.orgId) ? 'other-organization' : null;
}

export interface AssessmentInput {
  /** The result of asking Webex for the token's account. */
  result: PersonResult;
  profile: Profile;
  token: Token;
  /** Every token of the profile. */
  tokens: readonly Token[];
  /** Whether a person approved the token regardless of Webex's response. */
  approved: boolean;
  /** Epoch milliseconds. */
  now: number;
}

export interface Assessment {
  /** The state that the pending token gets. */
  state: TokenState;
  /** With `needs-review`: why a person has to decide; otherwise null. */
  reviewReason: ReviewReason | null;
  /** What is wrong with a token that was approved anyway. */
  warnings: ReviewReason[];
}

/**
 * Decides whether a pending token is good for its profile. A token that could not be verified never replaces a verified one,
 * and approval never makes a token good for another deployment.
 */
export function assessToken({ result, profile, token, tokens, approved, now }: AssessmentInput): Assessment {
  const current = currentOf(tokens);
  const reason = reviewReasonFor(result, profile, token.orgId, current !== null);
  if (reason === 'other-deployment' || (reason !== null && !approved)) {
    return { state: 'needs-review', reviewReason: reason, warnings: [] };
  }
  const as = (state: TokenState): Assessment => ({
    state,
    reviewReason: null,
    warnings: reason === null ? [] : [reason],
  });
  if (approved || current === null || !isVerified(current, now)) return as('current');
  if (result.outcome === 'unknown') return as('pending');
  // A newer token may have been verified while this one was pending. A capture in the future says only that the clock was wrong.
  const isNewer = current.capturedAt > token.capturedAt && current.capturedAt <= now + clockToleranceMs;
  return as(isNewer ? 'previous' : 'current');
}

function reviewReasonFor(
  result: PersonResult,
  profile: Profile,
  claimedOrgId: string | null,
  hasCurrent: boolean,
): ReviewReason | null {
  switch (result.outcome) {
    case 'person':
      return accountConflict(result.person, profile);
    case 'rejected':
      // Without a current token to protect, a rejected one is shown as rejected rather than hidden.
      return hasCurrent ? 'rejected' : null;
    case 'unknown':
      if (result.reason === 'other-deployment') return 'other-deployment';
      return claimConflict({ orgId: claimedOrgId }, profile);
  }
}

/** Webex's response as a short code for the audit log: `ok`, `rejected`, what is wrong, or why there was no response. */
export function outcomeCode(result: PersonResult, profile: Pick<Profile, 'orgId'>): string {
  switch (result.outcome) {
    case 'person':
      return accountConflict(result.person, profile) ?? 'ok';
    case 'rejected':
      return 'rejected';
    case 'unknown':
      return result.reason;
  }
}

function isOther(orgId: string | null, expected: string | null): boolean {
  return orgId !== null && expected !== null && orgId !== expected;
}
