import { type RawBuilder, sql } from 'kysely';
import { dayMs } from '../../domain/lifetimes.ts';
import type { Db } from '../db.ts';

/**
 * The number of profiles whose `due_at` is not after each of these instants, and the total. Whole days are summed from
 * counters; profiles are counted by index only for the days that contain the instants.
 */
export async function countDueBy<Name extends string>(
  db: Db,
  instants: Record<Name, number>,
): Promise<Record<Name | 'all', number>> {
  const counts = Object.entries<number>(instants).map(([name, instant]) => upTo(instant).as(name));
  const all = sql<number>`(select coalesce(sum(profiles), 0) from profile_due_per_day)`.as('all');
  return await db
    .selectNoFrom([all, ...counts])
    .$castTo<Record<Name | 'all', number>>()
    .executeTakeFirstOrThrow();
}

/** The days within `[from, until)` on which profiles are due, from counters. Instants are epoch milliseconds; days count from 1970. */
export async function dueDays(
  db: Db,
  { from, until }: { from: number; until: number },
): Promise<{ day: number; profiles: number }[]> {
  return await db
    .selectFrom('profile_due_per_day')
    .select(['day', 'profiles'])
    .where('day', '>=', Math.floor(from / dayMs))
    .where('day', '<', Math.floor(until / dayMs))
    .where('profiles', '>', 0)
    .orderBy('day')
    .execute();
}

function upTo(instant: number): RawBuilder<number> {
  // Both engines divide this way: toward zero.
  const day = Math.trunc(instant / dayMs);
  const before = day > 0 ? day * dayMs - 1 : (day - 1) * dayMs;
  return sql<number>`
    (select coalesce(sum(profiles), 0) from profile_due_per_day where day < ${day}) +
    (select count(*) from profile where due_at > ${before} and due_at <= ${instant})`;
}
