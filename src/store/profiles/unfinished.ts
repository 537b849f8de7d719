import { sql } from 'kysely';
import { nextTurn } from '../../next-turn.ts';
import type { Db } from '../db.ts';
import { stateOf } from './tokens.ts';

/** What is left to do for a profile whose token is good. */
export interface Unfinished {
  profile: string;
  /**
   * `unverified`: Webex was never asked about its token. `unused`: neither a destination nor an API client has it.
   * `outdated`: a destination has an earlier token, or none yet.
   */
  reason: 'unverified' | 'unused' | 'outdated';
}

/** How many profiles one statement reads. On SQLite, it blocks the event loop for a few milliseconds. */
const batchSize = 1_000;

/** The first profile, by name, with something left to do; null if there is none. Reads every profile in that case. */
export async function firstUnfinished(db: Db): Promise<Unfinished | null> {
  let after = '';
  for (;;) {
    const some = db
      .selectFrom('profile')
      .select(['id', 'name'])
      .where('name', '>', after)
      .orderBy('name')
      .limit(batchSize);
    const found = await db
      .selectFrom(some.as('profile'))
      .innerJoin('token', (join) =>
        join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', stateOf.current),
      )
      .select('profile.name as profile')
      .select(reasonOf.as('reason'))
      .where(reasonOf, 'is not', null)
      .orderBy('profile.name')
      .limit(1)
      .$castTo<Unfinished>()
      .executeTakeFirst();
    if (found !== undefined) return found;
    const last = await db
      .selectFrom(some.as('profile'))
      .select(({ fn }) => fn.max('name').as('name'))
      .executeTakeFirst();
    if (last === undefined || last.name === null) return null;
    after = last.name;
    await nextTurn();
  }
}

const reasonOf = sql<Unfinished['reason'] | null>`case
  when token.verified_at is null then 'unverified'
  when exists (select 1 from destination where destination.profile_id = profile.id
    and destination.via is null and (destination.token_id is null or destination.token_id <> token.id)) then 'outdated'
  when exists (select 1 from destination where destination.profile_id = profile.id) then null
  when exists (select 1 from client_profile where client_profile.profile_id = profile.id) then null
  else 'unused' end`;
