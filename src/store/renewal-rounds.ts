import { sql } from 'kysely';
import type { Db } from './store.ts';

/** A round of renewals: the profiles whose tokens end before an instant, to be worked through. */
export interface RenewalRound {
  id: string;
  /** Epoch milliseconds. */
  expiresBefore: number;
  /** Only the profiles that were filed under it. */
  tag: string | null;
  createdAt: number;
}

/** How far a profile in a round is. A profile that was removed is no longer in it. */
export type RenewalState = 'waiting' | 'renewed' | 'skipped';

export interface RenewalItem {
  profileId: string;
  profile: string;
  contact: string | null;
  /** When the token ends that is to be replaced. Epoch milliseconds. */
  expiresAt: number;
  state: RenewalState;
}

/** Begins a round, and returns how many profiles are in it. */
export async function insertRound(db: Db, round: RenewalRound): Promise<number> {
  const { id, expiresBefore, tag, createdAt } = round;
  await db
    .insertInto('renewal_round')
    .values({ id, expires_before: expiresBefore, tag, created_at: createdAt, ended_at: null })
    .execute();
  const result = await db
    .insertInto('renewal_item')
    .columns(['round_id', 'profile_id', 'token_id', 'expires_at'])
    .expression((expression) =>
      expression
        .selectFrom('profile')
        .innerJoin('token', (join) =>
          join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
        )
        .select([sql<string>`${id}`.as('round_id'), 'profile.id', 'token.id as token_id', 'token.expires_at'])
        .where('profile.attention_at', '<=', expiresBefore)
        .$if(tag !== null, (select) =>
          select.where((where) =>
            where(
              'profile.id',
              'in',
              where
                .selectFrom('profile_tag')
                .select('profile_tag.profile_id')
                .where('profile_tag.tag', '=', tag ?? ''),
            ),
          ),
        ),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

/** The round that is being worked through; null where there is none. */
export async function roundUnderWay(db: Db): Promise<RenewalRound | null> {
  const row = await db
    .selectFrom('renewal_round')
    .selectAll()
    .where('ended_at', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { id: row.id, expiresBefore: row.expires_before, tag: row.tag, createdAt: row.created_at };
}

export async function endRound(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('renewal_round').set({ ended_at: now }).where('id', '=', id).execute();
}

/** What is in a round, soonest end first; only one state of it, or no more than so many, where that is given. */
export async function itemsOfRound(
  db: Db,
  roundId: string,
  { state, limit }: { state?: RenewalState; limit?: number } = {},
): Promise<RenewalItem[]> {
  return await itemQuery(db, roundId)
    .select([
      'profile.id as profileId',
      'profile.name as profile',
      'profile.contact',
      'item.expires_at as expiresAt',
    ])
    .select(stateOfItem.as('state'))
    .$if(state !== undefined, (select) => select.where(stateOfItem, '=', state ?? 'waiting'))
    .orderBy('item.expires_at')
    .orderBy('profile.name')
    .$if(limit !== undefined, (select) => select.limit(limit ?? 0))
    .execute();
}

export async function countRound(db: Db, roundId: string): Promise<Record<RenewalState, number>> {
  const count = (state: RenewalState) => sql<number>`count(case when ${stateOfItem} = ${state} then 1 end)`;
  return await itemQuery(db, roundId)
    .select([count('waiting').as('waiting'), count('renewed').as('renewed'), count('skipped').as('skipped')])
    .executeTakeFirstOrThrow();
}

/** False where it is not waiting in this round. */
export async function skipItem(db: Db, roundId: string, profileId: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('renewal_item')
    .set({ skipped_at: now })
    .where('round_id', '=', roundId)
    .where('profile_id', '=', profileId)
    .where('skipped_at', 'is', null)
    .returning('profile_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Renewed, whoever did it and however: another token is current by now, and Webex has not rejected it. */
const stateOfItem = sql<RenewalState>`case
  when token.id is not null and token.id <> item.token_id and token.rejected_at is null then 'renewed'
  when item.skipped_at is not null then 'skipped'
  else 'waiting' end`;

function itemQuery(db: Db, roundId: string) {
  return db
    .selectFrom('renewal_item as item')
    .innerJoin('profile', 'profile.id', 'item.profile_id')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .where('item.round_id', '=', roundId);
}
