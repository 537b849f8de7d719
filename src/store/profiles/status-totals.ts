import type { Selectable, SelectQueryBuilder } from 'kysely';
import { dayMs } from '../../domain/lifetimes.ts';
import { expiringWithinDays, type ProfileStatus, profileStatuses } from '../../domain/profile-status.ts';
import { nextTurn } from '../../next-turn.ts';
import type { ProfileTable, Schema } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { farFuture, rejectedSortOffset, undeliveredBound } from './derived-columns.ts';
import { countDueBy } from './due-counts.ts';
import { type Builder, filtering, hasStatus, type ProfileFilter, type StatusTime } from './filter.ts';
import { batchSize, type Search, searchKind } from './search.ts';
import { proposedIds, wordsOf } from './search-index.ts';
import { stateOf } from './tokens.ts';

type CountQuery = Omit<ProfileFilter, 'status'> & StatusTime;

export type StatusTotals = Record<ProfileStatus | 'all', number>;

/** The number of profiles of each status. */
export async function countByStatus(db: Db, query: CountQuery): Promise<StatusTotals> {
  return await countSearched(db, query, await searchKind(db, query));
}

/** The same, given how many profiles the search is expected to find. */
export async function countSearched(db: Db, query: CountQuery, search: Search): Promise<StatusTotals> {
  const { tag, deployment, endsBefore } = query;
  const all = search === 'none' && [tag, deployment, endsBefore].every((each) => each === undefined);
  const counts = all ? await countAll(db, query) : await countFiltered(db, query, search);
  return { ...counts, all: profileStatuses.reduce((sum, status) => sum + counts[status], 0) };
}

/**
 * Counts the profiles that need attention regardless of their status: a token needs review, or Entra ID has quarantined
 * provisioning. They are few, so a search needs no index.
 */
export async function countNeedingAttention(db: Db, query: CountQuery): Promise<Counts> {
  const profiles = db.selectFrom('profile').selectAll();
  const found = profiles.where((expression) =>
    expression.or([
      expression(
        'id',
        'in',
        expression.selectFrom('token').select('profile_id').where('token.state', '=', stateOf.needsReview),
      ),
      expression(
        'id',
        'in',
        // Not "is not null": SQLite uses the index for a range only.
        expression.selectFrom('destination').select('profile_id').where('quarantined_since', '>', 0),
      ),
    ]),
  );
  return await countOf(db, found, query, filtering);
}

type Counts = Record<ProfileStatus, number>;

/** Counts all profiles, as differences between the ranges of `due_at` that the status filter uses. */
async function countAll(db: Db, { now, withinDays = expiringWithinDays }: StatusTime): Promise<Counts> {
  const { all, behind, overAndRejected, rejected, over, soon, held } = await countDueBy(db, {
    behind: undeliveredBound,
    overAndRejected: now - rejectedSortOffset,
    rejected: 0,
    over: now,
    soon: now + withinDays * dayMs,
    held: farFuture - 1,
  });
  const { expired } = await db
    .selectFrom('profile')
    .select((expression) => expression.fn.countAll<number>().as('expired'))
    .where('undelivered_until', 'is not', null)
    .where('token_expires_at', '<=', now)
    .executeTakeFirstOrThrow();
  return {
    undelivered: behind - expired,
    rejected: rejected - overAndRejected,
    expired: expired + overAndRejected - behind + over - rejected,
    expiring: soon - over,
    valid: held - soon,
    empty: all - held,
  };
}

async function countFiltered(db: Db, query: CountQuery, search: Search): Promise<Counts> {
  const counts: Counts = { undelivered: 0, rejected: 0, expired: 0, expiring: 0, valid: 0, empty: 0 };
  for await (const some of countsInParts(db, query, search)) {
    for (const status of profileStatuses) counts[status] += some[status];
  }
  return counts;
}

/** A search counts in parts, so that other requests are served in between. */
async function* countsInParts(db: Db, query: CountQuery, search: Search): AsyncGenerator<Counts> {
  const profiles = db.selectFrom('profile').selectAll();
  if (search === 'none') {
    // An index finds the matches.
    const matches = profiles.where((expression) => expression.and(filtering(expression, query)));
    yield await countOf(db, matches, query);
  } else if (search === 'few') {
    for await (const ids of proposedIds(db, wordsOf(query.search), batchSize)) {
      const matches = profiles
        .where('id', 'in', ids)
        .where((expression) => expression.and(filtering(expression, query)));
      yield await countOf(db, matches, query);
      await nextTurn();
    }
  } else {
    for (let after: string | null = ''; after !== null; await nextTurn()) {
      const part = profiles.where('name', '>', after).orderBy('name').limit(batchSize);
      const some: Counts & { last: string | null } = await countOf(db, part, query, filtering);
      yield some;
      after = some.last;
    }
  }
}

async function countOf(
  db: Db,
  profiles: SelectQueryBuilder<Schema, 'profile', Selectable<ProfileTable>>,
  query: CountQuery,
  filter: typeof filtering = () => [],
): Promise<Counts & { last: string | null }> {
  return await db
    .selectFrom(profiles.as('profile'))
    .select(({ fn }) => fn.max('name').as('last'))
    .select((expression) =>
      profileStatuses.map((status) =>
        expression.fn
          .countAll<number>()
          .filterWhere((inner) => {
            const builder = inner as unknown as Builder;
            return builder.and([...filter(builder, query), hasStatus(builder, status, query)]);
          })
          .as(status),
      ),
    )
    .$castTo<Counts & { last: string | null }>()
    .executeTakeFirstOrThrow();
}
