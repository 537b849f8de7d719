import { sql } from 'kysely';
import type { Db } from '../db.ts';

/** Which profiles a round is of. */
export interface RoundFilter {
  /** Those whose tokens end by then, or are rejected. Epoch milliseconds. */
  expiresBefore: number;
  /** Only the profiles that were filed under it. */
  tag: string | null;
  /** Only the profiles with this mail address as their contact. */
  contact: string | null;
}

/** A round of renewals: the profiles whose tokens end before an instant, to be worked through. */
export interface RenewalCampaign extends RoundFilter {
  id: string;
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
  /** Webex rejects the token that the profile has now. */
  rejected: boolean;
  state: RenewalState;
}

/** Begins a round, and returns how many profiles are in it. */
export async function insertRound(db: Db, round: RenewalCampaign): Promise<number> {
  const { id, expiresBefore, tag, contact, createdAt } = round;
  await db
    .insertInto('renewal_campaign')
    .values({ id, expires_before: expiresBefore, tag, contact, created_at: createdAt, ended_at: null })
    .execute();
  const result = await db
    .insertInto('renewal_item')
    .columns(['campaign_id', 'profile_id', 'token_id', 'expires_at'])
    .expression(
      dueQuery(db, round).select([
        sql<string>`${id}`.as('campaign_id'),
        'profile.id',
        'token.id as token_id',
        'token.expires_at',
      ]),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

/** What a round would be of if it began now: the first of them in its order, and how many in all. */
export async function dueForRenewal(
  db: Db,
  filter: RoundFilter,
  limit: number,
): Promise<{ items: Omit<RenewalItem, 'state'>[]; total: number }> {
  const rows = await dueQuery(db, filter)
    .select([
      'profile.id as profileId',
      'profile.name as profile',
      'profile.contact',
      'token.expires_at as expiresAt',
      'token.rejected_at',
    ])
    .orderBy(rejectedFirst)
    .orderBy('token.expires_at')
    .orderBy('profile.name')
    .limit(limit)
    .execute();
  const items = rows.map(({ rejected_at, ...row }) => ({ ...row, rejected: rejected_at !== null }));
  const { total } = await dueQuery(db, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return { items, total };
}

function dueQuery(db: Db, { expiresBefore, tag, contact }: RoundFilter) {
  return db
    .selectFrom('profile')
    .innerJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .where('profile.due_at', '<=', expiresBefore)
    .$if(contact !== null, (select) => select.where('profile.contact', '=', contact))
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
    );
}

/** The tags that there are, by name: the first of them. */
export async function knownTags(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('profile_tag')
    .select('tag')
    .distinct()
    .orderBy('tag')
    .limit(limit)
    .execute();
  return rows.map(({ tag }) => tag);
}

/** The round that is being worked through; null where there is none. */
export async function findActiveCampaign(db: Db): Promise<RenewalCampaign | null> {
  const row = await db
    .selectFrom('renewal_campaign')
    .selectAll()
    .where('ended_at', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return null;
  const { id, tag, contact } = row;
  return { id, expiresBefore: row.expires_before, tag, contact, createdAt: row.created_at };
}

export async function endRound(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('renewal_campaign').set({ ended_at: now }).where('id', '=', id).execute();
}

/** What is in a round, what is rejected first and then the soonest end; only these states of it, or no more than so many, where that is given. */
export async function itemsOfRound(
  db: Db,
  roundId: string,
  { states, limit }: { states?: RenewalState[]; limit?: number } = {},
): Promise<RenewalItem[]> {
  const rows = await itemQuery(db, roundId)
    .select([
      'profile.id as profileId',
      'profile.name as profile',
      'profile.contact',
      'item.expires_at as expiresAt',
      'token.rejected_at',
    ])
    .select(stateOfItem.as('state'))
    .$if(states !== undefined, (select) => select.where(stateOfItem, 'in', states ?? []))
    .orderBy(rejectedFirst)
    .orderBy('item.expires_at')
    .orderBy('profile.name')
    .$if(limit !== undefined, (select) => select.limit(limit ?? 0))
    .execute();
  return rows.map(({ rejected_at, ...row }) => ({ ...row, rejected: rejected_at !== null }));
}

const rejectedFirst = sql<number>`case when token.rejected_at is null then 1 else 0 end`;

export async function countRound(db: Db, roundId: string): Promise<Record<RenewalState, number>> {
  const count = (state: RenewalState) => sql<number>`count(case when ${stateOfItem} = ${state} then 1 end)`;
  return await itemQuery(db, roundId)
    .select([count('waiting').as('waiting'), count('renewed').as('renewed'), count('skipped').as('skipped')])
    .executeTakeFirstOrThrow();
}

/** How a profile stands in a round; null where it is not in it. */
export async function itemState(db: Db, roundId: string, profileId: string): Promise<RenewalState | null> {
  const row = await itemQuery(db, roundId)
    .select(stateOfItem.as('state'))
    .where('item.profile_id', '=', profileId)
    .executeTakeFirst();
  return row?.state ?? null;
}

/** False where it is not waiting in this round. */
export async function skipItem(db: Db, roundId: string, profileId: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('renewal_item')
    .set({ skipped_at: now })
    .where('campaign_id', '=', roundId)
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
    .where('item.campaign_id', '=', roundId);
}
