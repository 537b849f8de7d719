import type { ExpressionBuilder, ExpressionWrapper, SqlBool } from 'kysely';
import { dayMs } from '../../domain/lifetimes.ts';
import { expiringWithinDays, type ProfileStatus } from '../../domain/profile-status.ts';
import type { Deployment } from '../../webex/deployments.ts';
import type { Schema } from '../database/schema.ts';
import { farFuture, rejectedSortOffset, undeliveredBound } from './derived-columns.ts';
import { contains, wordsOf } from './search-index.ts';

/** Filters profiles: all given conditions must match. */
export interface ProfileFilter {
  /** Words that must all occur in the names, the organization ID, a tag, the contact, or the name or address of the account. */
  search?: string | undefined;
  status?: ProfileStatus | undefined;
  tag?: string | undefined;
  deployment?: Deployment | undefined;
  /** Those whose effective end is not after this instant, or whose token is rejected. Epoch milliseconds. */
  endsBefore?: number | undefined;
}

/** The time and threshold that a status depends on. */
export interface StatusTime {
  /** Epoch milliseconds. */
  now: number;
  /** How many days before its expiry a token counts as expiring; 30 by default. */
  withinDays?: number | undefined;
}

export type Builder = ExpressionBuilder<Schema, 'profile'>;
export type Condition = ExpressionWrapper<Schema, 'profile', SqlBool>;

/** Profiles that a filter accepts. */
export function matching(expression: Builder, query: ProfileFilter & StatusTime): Condition {
  return expression.and([
    ...filtering(expression, query),
    ...(query.status === undefined ? [] : [hasStatus(expression, query.status, query)]),
  ]);
}

/** The same rule as `statusOf`, as ranges of `due_at`. */
export function hasStatus(
  expression: Builder,
  status: ProfileStatus,
  { now, withinDays = expiringWithinDays }: StatusTime,
): Condition {
  const soon = now + withinDays * dayMs;
  const within = (above: number, upTo: number) =>
    expression.and([expression('due_at', '>', above), expression('due_at', '<=', upTo)]);
  switch (status) {
    case 'undelivered':
      return expression.and([
        expression('due_at', '<', undeliveredBound),
        expression('token_expires_at', '>', now),
      ]);
    case 'rejected':
      return within(now - rejectedSortOffset, 0);
    case 'expired':
      return expression.and([
        expression('due_at', '<=', now),
        expression.or([
          within(undeliveredBound, now - rejectedSortOffset),
          within(0, now),
          // Renewed, never delivered, and expired since then.
          expression.and([
            expression('due_at', '<', undeliveredBound),
            expression('token_expires_at', '<=', now),
          ]),
        ]),
      ]);
    case 'expiring':
      return within(now, soon);
    case 'valid':
      return within(soon, farFuture - 1);
    case 'empty':
      return expression.and([expression('due_at', '=', farFuture)]);
  }
}

/** The filter without the status: each status has its own total. */
export function filtering(
  expression: Builder,
  { search, tag, deployment, endsBefore }: ProfileFilter,
): Condition[] {
  return [
    ...searching(expression, search),
    ...(deployment === undefined ? [] : [expression.and([expression('deployment', '=', deployment)])]),
    ...(endsBefore === undefined
      ? []
      : [
          expression.and([
            expression('due_at', '<=', endsBefore),
            expression.or([
              expression('undelivered_until', 'is', null),
              expression('undelivered_until', '<=', endsBefore),
            ]),
          ]),
        ]),
    ...(tag === undefined
      ? []
      : [
          expression.and([
            expression(
              'id',
              'in',
              expression.selectFrom('profile_tag').select('profile_id').where('profile_tag.tag', '=', tag),
            ),
          ]),
        ]),
  ];
}

function searching(expression: Builder, search?: string): Condition[] {
  return wordsOf(search).map((word) => expression.and([contains(word)]));
}
