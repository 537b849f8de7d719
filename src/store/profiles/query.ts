import { type SqlBool, sql } from 'kysely';
import { unknownEnd } from '../../domain/lifetimes.ts';
import type { Profile } from '../../domain/profile.ts';
import type { Token } from '../../domain/token.ts';
import { nextTurn } from '../../next-turn.ts';
import type { ProfileTable } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { sortsLast } from './derived-columns.ts';
import { countDueBy } from './due-counts.ts';
import { type Builder, type Condition, matching, type ProfileFilter, type StatusTime } from './filter.ts';
import { type ProfileRow, profileColumns, profileFromRow } from './profiles.ts';
import { batchSize, inOrderOf, rowsByIndex, type Search, searchKind } from './search.ts';
import { countSearched, type StatusTotals } from './status-totals.ts';
import { currentTokensOf } from './tokens.ts';

export interface ProfilePageQuery extends ProfileFilter, StatusTime {
  /** `urgency`: undelivered profiles first, then rejected tokens, then by expiry; profiles without a token last. */
  sort: 'urgency' | 'name';
  limit: number;
  /** `next` or `previous` of another page; an invalid cursor counts as none. */
  after?: string | undefined;
  before?: string | undefined;
}

export interface ProfilePage {
  rows: { profile: Profile; current: Token | null }[];
  /** The cursor of the next page, for `after`; null on the last page. */
  next: string | null;
  /** The cursor of the previous page, for `before`; null on the first page. */
  previous: string | null;
  /** The number of profiles of each status that the search finds, regardless of the requested status. */
  totals: StatusTotals;
}

/**
 * One page of profiles, by index: its cost depends on the size of the page, not on the number of profiles. The cost of a search
 * depends on the number of profiles that it finds, because they are counted.
 */
export async function queryProfiles(db: Db, query: ProfilePageQuery): Promise<ProfilePage> {
  const search = await searchKind(db, query);
  const { rows, ...ends } = await rowsOfPage(db, query, search);
  return { rows: await withCurrentTokens(db, rows), ...ends, totals: await countSearched(db, query, search) };
}

/** The columns that the table of profiles can be sorted by. */
export const tableOrders = [
  'name',
  'status',
  'days',
  'account',
  'tags',
  'contact',
  'destinations',
  'organization',
] as const;

export type TableOrder = (typeof tableOrders)[number];

/** Each has an index with the name as its second column. */
const orderColumns = {
  name: 'title_order',
  status: 'due_at',
  days: 'ends_at',
  account: 'account_order',
  tags: 'tags_order',
  contact: 'contact_order',
  destinations: 'destinations_order',
  organization: 'organization_order',
} as const satisfies Record<TableOrder, keyof ProfileTable>;

export interface TableQuery extends ProfileFilter, Pick<StatusTime, 'now'> {
  order: TableOrder;
  descending: boolean;
  /** From 1; one that is too high counts as the last. */
  page: number;
  pageSize: number;
}

export interface TablePage extends Pick<ProfilePage, 'rows' | 'totals'> {
  page: number;
  pages: number;
  /** How many profiles all pages have. */
  total: number;
}

/**
 * One page of the table of profiles, by its number. In both directions, profiles with an empty cell in the column come last.
 * Pages before it are skipped within an index; a search reads every profile that it finds.
 */
export async function queryTable(db: Db, query: TableQuery): Promise<TablePage> {
  const search = await searchKind(db, query);
  const totals = await countSearched(db, query, search);
  const total = totals[query.status ?? 'all'];
  const pages = Math.max(1, Math.ceil(total / query.pageSize));
  const page = Math.min(Math.max(1, query.page), pages);
  const skipped = (page - 1) * query.pageSize;
  const names =
    search !== 'none'
      ? await searchInOrder(db, query, skipped, search)
      : await pageInOrder(db, query, skipped);
  const byName = await rowsNamed(
    db,
    names.map(({ name }) => name),
  );
  const rows = names.flatMap(({ name }) => byName.get(name) ?? []);
  return { rows: await withCurrentTokens(db, rows), page, pages, total, totals };
}

async function rowsNamed(db: Db, names: readonly string[]): Promise<Map<string, ProfileRow>> {
  if (names.length === 0) return new Map();
  const rows = await db.selectFrom('profile').select(profileColumns).where('name', 'in', names).execute();
  return new Map(rows.map((row) => [row.name, row]));
}

/** Profiles with a value in the column, or those whose cell is empty. */
type Cells = 'filled' | 'empty';

/** From this value on, the cell of the column is empty; null if it never is. */
function emptyFrom(order: TableOrder): string | number | null {
  if (order === 'name' || order === 'status') return null;
  return order === 'days' ? unknownEnd : sortsLast;
}

function inOrder(db: Db, { order, descending }: Pick<TableQuery, 'order' | 'descending'>, cells: Cells) {
  const column = orderColumns[order];
  const empty = emptyFrom(order);
  const direction = directionOf(descending, cells);
  return db
    .selectFrom('profile')
    .select('name')
    .$if(empty !== null, (select) =>
      select.where(column, cells === 'filled' ? '<' : '>=', empty as string & number),
    )
    .$if(empty === null && cells === 'empty', (select) => select.where(sql<SqlBool>`false`))
    .orderBy(column, direction)
    .orderBy('name', direction);
}

function directionOf(descending: boolean, cells: Cells): 'asc' | 'desc' {
  return descending && cells === 'filled' ? 'desc' : 'asc';
}

async function pageInOrder(db: Db, query: TableQuery, skipped: number): Promise<{ name: string }[]> {
  const some = (cells: Cells, limit: number, offset: number) =>
    inOrder(db, query, cells)
      .where((expression) => matching(expression, query))
      .limit(limit)
      .offset(offset)
      .execute();
  const filled = await some('filled', query.pageSize, skipped);
  if (filled.length === query.pageSize || emptyFrom(query.order) === null) return filled;
  const before = filled.length > 0 ? skipped + filled.length : await countFilled(db, query);
  const empty = await some('empty', query.pageSize - filled.length, Math.max(0, skipped - before));
  return [...filled, ...empty];
}

/** How many profiles come before those with an empty cell. */
async function countFilled(db: Db, query: TableQuery): Promise<number> {
  const { filled } = await inOrder(db, query, 'filled')
    .clearSelect()
    .clearOrderBy()
    .select(({ fn }) => fn.countAll<number>().as('filled'))
    .where((expression) => matching(expression, query))
    .executeTakeFirstOrThrow();
  return Number(filled);
}

/** The names on a page of a search. Reads in batches, so that other requests are served in between. */
async function searchInOrder(
  db: Db,
  query: TableQuery,
  skipped: number,
  search: Search,
): Promise<{ name: string }[]> {
  const column = orderColumns[query.order];
  if (search === 'few') {
    const rows = await rowsByIndex(db, query, [column, 'name']);
    const empty = emptyFrom(query.order);
    const isEmpty = (row: (typeof rows)[number]) => empty !== null && row[column] >= empty;
    const inDirection = inOrderOf([column, 'name'], query.descending);
    const ascending = inOrderOf([column, 'name'], false);
    const sorted = [
      ...rows.filter((row) => !isEmpty(row)).sort(inDirection),
      ...rows.filter(isEmpty).sort(ascending),
    ];
    return sorted.slice(skipped, skipped + query.pageSize);
  }
  const { all } = await countDueBy(db, {});
  const found: { name: string }[] = [];
  for (const cells of ['filled', 'empty'] as const) {
    const direction = directionOf(query.descending, cells);
    for (let from = 0; from < all && found.length < skipped + query.pageSize; from += batchSize) {
      const searched = inOrder(db, query, cells).clearSelect().selectAll().limit(batchSize).offset(from);
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
  }
  return found.slice(skipped, skipped + query.pageSize);
}

/** Every matching profile, by name, in batches of some hundreds. */
export async function* iterateProfiles(
  db: Db,
  filter: ProfileFilter,
  now: number,
): AsyncGenerator<ProfilePage['rows']> {
  const query = { ...filter, now };
  const search = await searchKind(db, query);
  if (search === 'few') {
    const found = await rowsByIndex(db, query, ['id', 'name']);
    found.sort(inOrderOf(['name'], false));
    for (let at = 0; at < found.length; at += pageLength) {
      const ids = found.slice(at, at + pageLength).map(({ id }) => id);
      const rows = await db
        .selectFrom('profile')
        .select(profileColumns)
        .where('id', 'in', ids)
        .orderBy('name')
        .execute();
      yield await withCurrentTokens(db, rows);
    }
    return;
  }
  let after: string | undefined;
  do {
    const { rows, next } = await rowsOfPage(db, { ...query, sort: 'name', limit: pageLength, after }, search);
    if (rows.length > 0) yield await withCurrentTokens(db, rows);
    after = next ?? undefined;
  } while (after !== undefined);
}

/** How many profiles an iteration reads at once. */
const pageLength = 500;

async function rowsOfPage(db: Db, query: ProfilePageQuery, search: Search) {
  const backwards = query.before !== undefined;
  const cursor = readCursor(query.before ?? query.after);
  const wanted = query.limit + 1;
  const found =
    search !== 'none'
      ? await searchPage(db, query, { cursor, backwards, wanted }, search)
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
    .select(profileColumns)
    .where((expression) => beyond(expression, sort, cursor, backwards))
    .$if(sort === 'urgency', (select) => select.orderBy('due_at', direction))
    .orderBy('name', direction);
}

/** A search that finds few profiles uses the index. Any other reads in batches, so that other requests are served in between. */
async function searchPage(
  db: Db,
  query: ProfilePageQuery,
  { cursor, backwards, wanted }: From & { wanted: number },
  search: Search,
): Promise<ProfileRow[]> {
  if (search === 'few') {
    const columns = query.sort === 'urgency' ? (['due_at', 'name'] as const) : (['name'] as const);
    const all = await rowsByIndex(db, query, ['due_at', 'name'], (expression) =>
      beyond(expression, query.sort, cursor, backwards),
    );
    const names = all
      .sort(inOrderOf<'due_at' | 'name'>(columns, backwards))
      .slice(0, wanted)
      .map(({ name }) => name);
    const rows = await rowsNamed(db, names);
    return names.flatMap((name) => rows.get(name) ?? []);
  }
  const found: ProfileRow[] = [];
  let from = cursor;
  for (;;) {
    const searched = pageFrom(db, query, { cursor: from, backwards })
      .clearSelect()
      .selectAll()
      .limit(batchSize);
    const direction = backwards ? 'desc' : 'asc';
    const rows = await db
      .selectFrom(searched.as('profile'))
      .select(profileColumns)
      .where((expression) => matching(expression as unknown as Builder, query))
      .$if(query.sort === 'urgency', (select) => select.orderBy('due_at', direction))
      .orderBy('name', direction)
      .limit(wanted - found.length)
      .execute();
    found.push(...rows);
    const last = await pageFrom(db, query, { cursor: from, backwards })
      .clearSelect()
      .select(['due_at as dueAt', 'name'])
      .offset(batchSize - 1)
      .limit(1)
      .executeTakeFirst();
    if (found.length === wanted || last === undefined) return found;
    from = last;
    await nextTurn();
  }
}

async function withCurrentTokens(db: Db, rows: ProfileRow[]): Promise<ProfilePage['rows']> {
  const ids = rows.map(({ id }) => id);
  const tokens = new Map((await currentTokensOf(db, ids)).map((token) => [token.profileId, token]));
  return rows.map((row) => ({ profile: profileFromRow(row), current: tokens.get(row.id) ?? null }));
}

interface Cursor {
  dueAt: number;
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
  const { dueAt, name } = cursor;
  if (sort === 'name') return expression.and([expression('name', operator, name)]);
  return expression.and([
    expression(expression.refTuple('due_at', 'name'), operator, expression.tuple(dueAt, name)),
  ]);
}

function writeCursor(dueAt: number, name: string): string {
  return `${dueAt}.${name}`;
}

function readCursor(text: string | undefined): Cursor | null {
  const match = /^(-?\d{1,16})\.(.{1,63})$/.exec(text ?? '');
  return match === null ? null : { dueAt: Number(match[1]), name: match[2] ?? '' };
}
