import { sql } from 'kysely';
import { unknownEnd } from '../../domain/lifetimes.ts';
import type { Db } from '../db.ts';

/** The profiles of a campaign. */
export interface CampaignFilter {
  /** Those whose effective end is not after it, or whose tokens are rejected. Epoch milliseconds. */
  expiresBefore: number;
  /** Only the profiles with this tag. */
  tag: string | null;
  /** Only the profiles with this mail address as their contact. */
  contact: string | null;
}

/** A renewal campaign: profiles to be renewed one after another. */
export interface RenewalCampaign extends Omit<CampaignFilter, 'expiresBefore'> {
  id: string;
  createdAt: number;
  /** Null if a person selected the profiles. */
  expiresBefore: number | null;
}

/**
 * The progress of a profile in a campaign: `waiting` for a new token, `undelivered` while a destination holds an earlier
 * one, `renewed` once every destination has it. A profile that was removed is no longer in it.
 */
export type RenewalState = 'waiting' | 'undelivered' | 'renewed' | 'skipped';

export interface RenewalItem {
  profileId: string;
  profile: string;
  displayName: string | null;
  contact: string | null;
  /** When the token to replace expires, here or in a destination. Epoch milliseconds. */
  expiresAt: number;
  /** Whether Webex rejects the profile's current token. */
  rejected: boolean;
  state: RenewalState;
}

/** Starts a campaign and returns the number of its profiles. */
export async function insertCampaign(
  db: Db,
  campaign: CampaignFilter & Pick<RenewalCampaign, 'id' | 'createdAt'>,
): Promise<number> {
  const { id, expiresBefore, tag, contact, createdAt } = campaign;
  await db
    .insertInto('renewal_campaign')
    .values({ id, expires_before: expiresBefore, tag, contact, created_at: createdAt, ended_at: null })
    .execute();
  const result = await db
    .insertInto('renewal_item')
    .columns(['campaign_id', 'profile_id', 'token_id', 'expires_at'])
    .expression(
      dueQuery(db, campaign).select([
        sql<string>`${id}`.as('campaign_id'),
        'profile.id',
        // A current token that lasts longer is not replaced, only delivered.
        sql<string | null>`case when token.rejected_at is null and token.expires_at > ${expiresBefore}
          then null else token.id end`.as('token_id'),
        effectiveEnd.as('expires_at'),
      ]),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

/** Starts a campaign with these profiles, regardless of when their tokens expire, and returns their number. */
export async function insertCampaignOf(
  db: Db,
  { id, createdAt }: Pick<RenewalCampaign, 'id' | 'createdAt'>,
  names: readonly string[],
): Promise<number> {
  await db
    .insertInto('renewal_campaign')
    .values({
      id,
      expires_before: 0,
      tag: null,
      contact: null,
      created_at: createdAt,
      ended_at: null,
    })
    .execute();
  const result = await db
    .insertInto('renewal_item')
    .columns(['campaign_id', 'profile_id', 'token_id', 'expires_at'])
    .expression(
      db
        .selectFrom('profile')
        .leftJoin('token', (join) =>
          join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
        )
        .where('profile.name', 'in', names)
        .select([
          sql<string>`${id}`.as('campaign_id'),
          'profile.id',
          'token.id as token_id',
          sql<number>`coalesce(profile.undelivered_until, token.expires_at, ${sql.lit(unknownEnd)})`.as(
            'expires_at',
          ),
        ]),
    )
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

/** The profiles that a campaign would have if it started now: the first ones in its order, and the total. */
export async function dueForRenewal(
  db: Db,
  filter: CampaignFilter,
  limit: number,
): Promise<{ items: RenewalItem[]; total: number }> {
  const rows = await dueQuery(db, filter)
    .select([
      'profile.id as profileId',
      'profile.name as profile',
      'profile.display_name as displayName',
      'profile.contact',
      'token.rejected_at',
    ])
    .select(effectiveEnd.as('expiresAt'))
    .select(
      sql<RenewalState>`case when token.rejected_at is null and token.expires_at > ${filter.expiresBefore}
        then 'undelivered' else 'waiting' end`.as('state'),
    )
    .orderBy(rejectedFirst)
    .orderBy(effectiveEnd)
    .orderBy('profile.name')
    .limit(limit)
    .execute();
  const items = rows.map(({ rejected_at, ...row }) => ({ ...row, rejected: rejected_at !== null }));
  const { total } = await dueQuery(db, filter)
    .select(sql<number>`count(*)`.as('total'))
    .executeTakeFirstOrThrow();
  return { items, total };
}

function dueQuery(db: Db, { expiresBefore, tag, contact }: CampaignFilter) {
  return db
    .selectFrom('profile')
    .innerJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .where('profile.due_at', '<=', expiresBefore)
    .where((where) =>
      where.or([
        where('profile.undelivered_until', 'is', null),
        where('profile.undelivered_until', '<=', expiresBefore),
      ]),
    )
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

const effectiveEnd = sql<number>`coalesce(profile.undelivered_until, token.expires_at)`;

/** The first tags in use, by name. */
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

/** The active campaign; null if there is none. */
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
  return { id, expiresBefore: row.expires_before || null, tag, contact, createdAt: row.created_at };
}

export async function endCampaign(db: Db, id: string, now: number): Promise<void> {
  await db.updateTable('renewal_campaign').set({ ended_at: now }).where('id', '=', id).execute();
}

/** The profiles of a campaign, rejected ones first, then by expiry. Optionally only these states, or at most `limit`. */
export async function itemsOfCampaign(
  db: Db,
  campaignId: string,
  { states, limit }: { states?: RenewalState[]; limit?: number } = {},
): Promise<RenewalItem[]> {
  const rows = await itemQuery(db, campaignId)
    .select([
      'profile.id as profileId',
      'profile.name as profile',
      'profile.display_name as displayName',
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

export async function countCampaignItems(db: Db, campaignId: string): Promise<Record<RenewalState, number>> {
  const count = (state: RenewalState) => sql<number>`count(case when ${stateOfItem} = ${state} then 1 end)`;
  return await itemQuery(db, campaignId)
    .select([
      count('waiting').as('waiting'),
      count('undelivered').as('undelivered'),
      count('renewed').as('renewed'),
      count('skipped').as('skipped'),
    ])
    .executeTakeFirstOrThrow();
}

/** The progress of a profile in a campaign; null if it is not in it. */
export async function itemState(db: Db, campaignId: string, profileId: string): Promise<RenewalState | null> {
  const row = await itemQuery(db, campaignId)
    .select(stateOfItem.as('state'))
    .where('item.profile_id', '=', profileId)
    .executeTakeFirst();
  return row?.state ?? null;
}

/** False if it is not waiting in this campaign. */
export async function skipItem(db: Db, campaignId: string, profileId: string, now: number): Promise<boolean> {
  const row = await db
    .updateTable('renewal_item')
    .set({ skipped_at: now })
    .where('campaign_id', '=', campaignId)
    .where('profile_id', '=', profileId)
    .where('skipped_at', 'is', null)
    .returning('profile_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Renewed by any means: another token is current, Webex has not rejected it, and every destination has it. */
const stateOfItem = sql<RenewalState>`case
  when token.id is null or token.rejected_at is not null or token.id = item.token_id
    then case when item.skipped_at is null then 'waiting' else 'skipped' end
  when profile.undelivered_until is null then 'renewed'
  when item.skipped_at is not null then 'skipped'
  else 'undelivered' end`;

function itemQuery(db: Db, campaignId: string) {
  return db
    .selectFrom('renewal_item as item')
    .innerJoin('profile', 'profile.id', 'item.profile_id')
    .leftJoin('token', (join) =>
      join.onRef('token.profile_id', '=', 'profile.id').on('token.state', '=', 'current'),
    )
    .where('item.campaign_id', '=', campaignId);
}
