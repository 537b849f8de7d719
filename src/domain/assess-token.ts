import type { PersonAnswer } from '../webex/api/people-me.ts';
import type { Deployment } from '../webex/deployments.ts';
import type { Profile } from './profile.ts';
import {
  type Account,
  currentOf,
  isVerified,
  type ReviewReason,
  type Token,
  type TokenState,
} from './token.ts';

/** What a token's own text says about it, before Webex is asked. */
export interface TokenClaims {
  orgId: string | null;
  deployment: Deployment | null;
}

/** Why a token cannot be the profile's according to its own text; null if nothing speaks against it. */
export function claimConflict(
  claims: Partial<TokenClaims>,
  profile: Pick<Profile, 'deployment' | 'orgId'>,
): 'other-deployment' | 'other-organization' | null {
  const { deployment = null, orgId = null } = claims;
  if (deployment !== null && deployment !== profile.deployment) return 'other-deployment';
  return isOther(orgId, profile.orgId) ? 'other-organization' : null;
}

/** Why the token of this account should not be the profile's; null if nothing speaks against it. */
export function accountConflict(
  { orgId, admin }: Pick<Account, 'orgId' | 'admin'>,
  profile: Pick<Profile, 'orgId'>,
): TokenFinding | null {
  if (isOther(orgId, profile.orgId)) return 'other-organization';
  return admin === 'other' || admin === 'none' ? 'not-full-admin' : null;
}

/** What speaks against a token that is in use anyway: approved in spite of it, or found later. */
export type TokenFinding = 'other-organization' | 'not-full-admin';

/** The finding about a profile's current token; null if nothing speaks against it. */
export function findingOf(
  profile: Pick<Profile, 'orgId'>,
  current: Pick<Token, 'account' | 'orgId'> | null,
): TokenFinding | null {
  if (current === null) return null;
  if (current.account !== null) return accountConflict(current.account, profile);
  return isOther(current.orgId, profile.orgId) ? 'other-organization' : null;
}

export interface AssessmentInput {
  /** What Webex answered. */
  answer: PersonAnswer;
  profile: Profile;
  token: Token;
  /** Every token of the profile. */
  tokens: readonly Token[];
  /** Whether a person approved the token whatever Webex answers. */
  approved: boolean;
  /** Epoch milliseconds. */
  now: number;
}

export interface Assessment {
  /** The state that the pending token gets. */
  state: TokenState;
  /** Why a person has to decide, with the state `needs-review`; otherwise null. */
  reviewReason: ReviewReason | null;
  /** What speaks against a token that was approved anyway. */
  warnings: ReviewReason[];
}

/**
 * Decides whether a pending token is good for its profile. A token that Webex could not be asked about never replaces a
 * verified one, and no approval makes a token good for another deployment.
 */
export function assessToken({ answer, profile, token, tokens, approved, now }: AssessmentInput): Assessment {
  const current = currentOf(tokens);
  const reason = reviewReasonFor(answer, profile, token.orgId, current !== null);
  if (reason === 'other-deployment' || (reason !== null && !approved)) {
    return { state: 'needs-review', reviewReason: reason, warnings: [] };
  }
  const as = (state: TokenState): Assessment => ({
    state,
    reviewReason: null,
    warnings: reason === null ? [] : [reason],
  });
  if (approved || current === null || !isVerified(current, now)) return as('current');
  if (answer.outcome === 'unknown') return as('pending');
  // A newer token may have been verified while this one was pending.
  return as(current.capturedAt > token.capturedAt ? 'previous' : 'current');
}

function reviewReasonFor(
  answer: PersonAnswer,
  profile: Profile,
  claimedOrgId: string | null,
  hasCurrent: boolean,
): ReviewReason | null {
  switch (answer.outcome) {
    case 'person':
      return accountConflict(answer.person, profile);
    case 'rejected':
      // Without a current token to protect, a rejected one is shown as rejected rather than hidden.
      return hasCurrent ? 'rejected' : null;
    case 'unknown':
      if (answer.reason === 'other-deployment') return 'other-deployment';
      return claimConflict({ orgId: claimedOrgId }, profile);
  }
}

/** Webex's answer as a short reason for the audit log: `ok`, `rejected`, what is wrong, or why there was no answer. */
export function outcomeCode(answer: PersonAnswer, profile: Pick<Profile, 'orgId'>): string {
  switch (answer.outcome) {
    case 'person':
      return accountConflict(answer.person, profile) ?? 'ok';
    case 'rejected':
      return 'rejected';
    case 'unknown':
      return answer.reason;
  }
}

function isOther(orgId: string | null, expected: string | null): boolean {
  return orgId !== null && expected !== null && orgId !== expected;
}
