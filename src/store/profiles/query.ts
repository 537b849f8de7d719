import { type ExpressionBuilder, type ExpressionWrapper, type Selectable, type SqlBool, sql } from 'kysely';
import { dayMs } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import { expiringWithinDays, type ProfileStatus, profileStatuses } from '../../domain/profile-status.ts';
import type { Token } from '../../domain/token.ts';
import { nextTurn } from '../../next-turn.ts';
import type { Deployment } from '../../webex/deployments.ts';
import type { ProfileTable, Schema } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { farFuture, rejectedSortOffset, undeliveredBound } from './derived-columns.ts';
import { countDueBy } from './due-counts.ts';
import { profileFromRow } from './profiles.ts';
import { currentTokensOf } from './tokens.ts';

/** Filters profiles: all given conditions must match. */
export interface ProfileFilter {
  /** Words that must all occur in the name, the display name, the organization ID, a tag, or the name or address of the account or contact. */
  search?: string | undefined;
  status?: ProfileStatus | undefined;
  tag?: string | undefined;
  deployment?: Deployment | undefined;
  /** Those whose effective end is not after this instant, or whose token is rejected. Epoch milliseconds. */
  endsBefore?: number | undefined;
}

export interface ProfilePageQuery extends ProfileFilter {
  /** `urgency`: undelivered profiles first, then rejected tokens, then by expiry; profiles without a token last. */
  sort: 'urgency' | 'name';
  limit: number;
  /** `next` or `previous` of another page; an invalid cursor counts as none. */
  after?: string | undefined;
  before?: string | undefined;
  /** Epoch milliseconds. */
  now: number;
  /** How many days before its expiry a token counts as expiring; 30 by default. */
  withinDays?: number | undefined;
}

type CountQuery = Omit<ProfileFilter, 'status'> & Pick<ProfilePageQuery, 'now' | 'withinDays'>;

export type StatusTotals = Record<ProfileStatus | 'all', number>;

export interface ProfilePage {
  rows: { profile: Profile; current: Token | null }[];
  /** The cursor of the next page, for `after`; null on the last page. */
  next: string | null;
  /** The cursor of the previous page, for `before`; null on the first page. */
  previous: string | null;
  /** The number of profiles of each status that the search finds, whatever status is requested. */
  totals: StatusTotals;
}

/**
 * One page of profiles, by index: its cost depends on the size of the page, not on the number of profiles. A search reads
 * the text of every profile.
 */
export async function queryProfiles(db: Db, query: ProfilePageQuery): Promise<ProfilePage> {
  const { rows, ...ends } = await rowsOfPage(db, query);
  return { rows: await withCurrentTokens(db, rows), ...ends, totals: await countByStatus(db, query) };
}

/** The columns that the table of profiles can be sorted by. */
export const tableOrders = ['name', 'status', 'days', 'account', 'tags', 'contact'] as const;

export type TableOrder = (typeof tableOrders)[number];

/** Each has an index with the name as its second column. */
const orderColumns = {
  name: 'title_order',
  status: 'due_at',
  days: 'ends_at',
  account: 'account_order',
  tags: 'tags_order',
  contact: 'contact_order',
} as const satisfies Record<TableOrder, keyof ProfileTable>;

export interface TableQuery extends ProfileFilter {
  order: TableOrder;
  descending: boolean;
  /** From 1; one that is too high counts as the last. */
  page: number;
  pageSize: number;
  /** Epoch milliseconds. */
  now: number;
}

export interface TablePage extends Pick<ProfilePage, 'rows' | 'totals'> {
  page: number;
  pages: number;
  /** How many profiles all pages have. */
  total: number;
}

/**
 * One page of the table of profiles, by its number. Pages before it are skipped within an index; a search reads the text of
 * every profile.
 */
export async function queryTable(db: Db, query: TableQuery): Promise<TablePage> {
  const totals = await countByStatus(db, query);
  const total = totals[query.status ?? 'all'];
  const pages = Math.max(1, Math.ceil(total / query.pageSize));
  const page = Math.min(Math.max(1, query.page), pages);
  const skipped = (page - 1) * query.pageSize;
  const names = isSearch(query)
    ? await searchInOrder(db, query, skipped)
    : await inOrder(db, query)
        .where((expression) => matching(expression, query))
        .limit(query.pageSize)
        .offset(skipped)
        .execute();
  const found =
    names.length === 0
      ? []
      : await db
          .selectFrom('profile')
          .selectAll()
          .where(
            'name',
            'in',
            names.map(({ name }) => name),
          )
          .execute();
  const byName = new Map(found.map((row) => [row.name, row]));
  const rows = names.flatMap(({ name }) => byName.get(name) ?? []);
  return { rows: await withCurrentTokens(db, rows), page, pages, total, totals };
}

function inOrder(db: Db, { order, descending }: Pick<TableQuery, 'order' | 'descending'>) {
  const direction = descending ? 'desc' : 'asc';
  return db
    .selectFrom('profile')
    .select('name')
    .orderBy(orderColumns[order], direction)
    .orderBy('name', direction);
}

/** The names on a page of a search, in stretches, so that other requests are served in between. */
async function searchInOrder(db: Db, query: TableQuery, skipped: number): Promise<{ name: string }[]> {
  const { all } = await countDueBy(db, {});
  const found: { name: string }[] = [];
  for (let from = 0; from < all && found.length < skipped + query.pageSize; from += stretch) {
    const direction = query.descending ? 'desc' : 'asc';
    const column = orderColumns[query.order];
    const searched = inOrder(db, query).clearSelect().selectAll().limit(stretch).offset(from);
    const names = await db
      .selectFrom(searched.as('profile'))
      .select('name')
      .where((expression) => matching(expression as unknown as Builder, query))
      .orderBy(column, direction)
      .orderBy('name', direction)
      .execute();
    found.push(...names);
    await nextTurn();
  }
  return found.slice(skipped, skipped + query.pageSize);
}

/** Every matching profile, by name, in batches of some hundreds. */
export async function* iterateProfiles(
  db: Db,
  filter: ProfileFilter,
  now: number,
): AsyncGenerator<ProfilePage['rows']> {
  let after: string | undefined;
  do {
    const { rows, next } = await rowsOfPage(db, { ...filter, now, sort: 'name', limit: 500, after });
    if (rows.length > 0) yield await withCurrentTokens(db, rows);
    after = next ?? undefined;
  } while (after !== undefined);
}

async function rowsOfPage(db: Db, query: ProfilePageQuery) {
  const backwards = query.before !== undefined;
  const cursor = readCursor(query.before ?? query.after);
  const wanted = query.limit + 1;
  const found = isSearch(query)
    ? await searchInStretches(db, query, { cursor, backwards, wanted })
    : await pageFrom(db, query, { cursor, backwards })
        .where((expression) => matching(expression, query))
        .limit(wanted)
        .execute();
  const more = found.length > query.limit;
  const rows = found.slice(0, query.limit);
  if (backwards) rows.reverse();

  const first = rows.at(0);
  const last = rows.at(-1);
  return {
    rows,
    next: last !== undefined && (backwards || more) ? writeCursor(last.due_at, last.name) : null,
    previous:
      first !== undefined && (backwards ? more : cursor !== null)
        ? writeCursor(first.due_at, first.name)
        : null,
  };
}

interface From {
  cursor: Cursor | null;
  backwards: boolean;
}

/** Profiles in the requested order, starting at the cursor. */
function pageFrom(db: Db, { sort }: Pick<ProfilePageQuery, 'sort'>, { cursor, backwards }: From) {
  const direction = backwards ? 'desc' : 'asc';
  return db
    .selectFrom('profile')
    .selectAll()
    .where((expression) => beyond(expression, sort, cursor, backwards))
    .$if(sort === 'urgency', (select) => select.orderBy('due_at', direction))
    .orderBy('name', direction);
}

function matching(
  expression: Builder,
  query: ProfileFilter & Pick<ProfilePageQuery, 'now' | 'withinDays'>,
): Condition {
  return expression.and([
    ...filtering(expression, query),
    ...(query.status === undefined ? [] : [standing(expression, query.status, query)]),
  ]);
}

function isSearch({ search = '' }: ProfileFilter): boolean {
  return search.trim() !== '';
}

/** How many profiles one statement searches, and so one turn of the event loop: some milliseconds. */
const stretch = 2_000;

/** A search with few matches reads everything, in batches, so that other requests are served in between. */
async function searchInStretches(
  db: Db,
  query: ProfilePageQuery,
  { cursor, backwards, wanted }: From & { wanted: number },
): Promise<Selectable<ProfileTable>[]> {
  const found: Selectable<ProfileTable>[] = [];
  let from = cursor;
  for (;;) {
    const searched = pageFrom(db, query, { cursor: from, backwards }).limit(stretch);
    const direction = backwards ? 'desc' : 'asc';
    const rows = await db
      .selectFrom(searched.as('profile'))
      .selectAll()
      .where((expression) => matching(expression as unknown as Builder, query))
      .$if(query.sort === 'urgency', (select) => select.orderBy('due_at', direction))
      .orderBy('name', direction)
      .limit(wanted - found.length)
      .execute();
    found.push(...rows);
    const last = await pageFrom(db, query, { cursor: from, backwards })
      .clearSelect()
      .select(['due_at as attentionAt', 'name'])
      .offset(stretch - 1)
      .limit(1)
      .executeTakeFirst();
    if (found.length === wanted || last === undefined) return found;
    from = last;
    await nextTurn();
  }
}

async function withCurrentTokens(db: Db, rows: Selectable<ProfileTable>[]): Promise<ProfilePage['rows']> {
  const ids = rows.map(({ id }) => id);
  const tokens = new Map((await currentTokensOf(db, ids)).map((token) => [token.profileId, token]));
  return rows.map((row) => ({ profile: profileFromRow(row), current: tokens.get(row.id) ?? null }));
}

/** The number of profiles of each status. */
export async function countByStatus(db: Db, query: CountQuery): Promise<StatusTotals> {
  const { search = '', tag, deployment, endsBefore } = query;
  const all = !isSearch({ search }) && [tag, deployment, endsBefore].every((each) => each === undefined);
  const counts = all ? await countAll(db, query) : await countFiltered(db, query);
  return { ...counts, all: profileStatuses.reduce((sum, status) => sum + counts[status], 0) };
}

type Counts = Record<ProfileStatus, number>;

/** Of all profiles: the same ranges of `due_at` as for the status filter, as differences. */
async function countAll(
  db: Db,
  { now, withinDays = expiringWithinDays }: Pick<ProfilePageQuery, 'now' | 'withinDays'>,
): Promise<Counts> {
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

async function countFiltered(db: Db, query: CountQuery): Promise<Counts> {
  const counts: Counts = { undelivered: 0, rejected: 0, expired: 0, expiring: 0, valid: 0, empty: 0 };
  let after = '';
  for (;;) {
    // A search reads the text of every profile; without one, an index finds the matches.
    const profiles = db
      .selectFrom('profile')
      .selectAll()
      .$if(isSearch(query), (select) => select.where('name', '>', after).orderBy('name').limit(stretch))
      .$if(!isSearch(query), (select) =>
        select.where((expression) => expression.and(filtering(expression, query))),
      );
    const { last, ...some } = await db
      .selectFrom(profiles.as('profile'))
      .select(({ fn }) => fn.max('name').as('last'))
      .select((expression) =>
        profileStatuses.map((status) =>
          expression.fn
            .countAll<number>()
            .filterWhere((inner) => {
              const builder = inner as unknown as Builder;
              const filter = isSearch(query) ? filtering(builder, query) : [];
              return builder.and([...filter, standing(builder, status, query)]);
            })
            .as(status),
        ),
      )
      .$castTo<Counts & { last: string | null }>()
      .executeTakeFirstOrThrow();
    for (const status of profileStatuses) counts[status] += some[status];
    if (last === null || !isSearch(query)) return counts;
    after = last;
    await nextTurn();
  }
}

type Builder = ExpressionBuilder<Schema, 'profile'>;
type Condition = ExpressionWrapper<Schema, 'profile', SqlBool>;

/** The same rule as `statusOf`, as ranges of `due_at`. */
function standing(
  expression: Builder,
  status: ProfileStatus,
  { now, withinDays = expiringWithinDays }: Pick<ProfilePageQuery, 'now' | 'withinDays'>,
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
          // Renewed once, never delivered, and expired since.
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
function filtering(expression: Builder, { search, tag, deployment, endsBefore }: ProfileFilter): Condition[] {
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

function searching(expression: Builder, search = ''): Condition[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return words.slice(0, 10).map((word) => {
    const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
    return expression.and([sql<SqlBool>`search_text like ${pattern} escape '\\'`]);
  });
}

interface Cursor {
  attentionAt: number;
  name: string;
}

/** The rows after the cursor, or before it, in the requested order. */
function beyond(
  expression: Builder,
  sort: ProfilePageQuery['sort'],
  cursor: Cursor | null,
  backwards: boolean,
): Condition {
  if (cursor === null) return expression.and([]);
  const operator = backwards ? '<' : '>';
  const { attentionAt, name } = cursor;
  if (sort === 'name') return expression.and([expression('name', operator, name)]);
  return expression.and([
    expression(expression.refTuple('due_at', 'name'), operator, expression.tuple(attentionAt, name)),
  ]);
}

function writeCursor(attentionAt: number, name: string): string {
  return `${attentionAt}.${name}`;
}

function readCursor(text: string | undefined): Cursor | null {
  const match = /^(-?\d{1,16})\.(.{1,63})$/.exec(text ?? '');
  return match === null ? null : { attentionAt: Number(match[1]), name: match[2] ?? '' };
}
