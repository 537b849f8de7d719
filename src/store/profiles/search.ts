import type { Selectable } from 'kysely';
import { nextTurn } from '../../next-turn.ts';
import type { ProfileTable } from '../database/schema.ts';
import type { Db } from '../db.ts';
import { type Builder, type Condition, matching, type ProfileFilter, type StatusTime } from './filter.ts';
import { contains, isIndexed, proposedIds, wordsOf } from './search-index.ts';

/** How many profiles one statement searches. On SQLite, it blocks the event loop for a few milliseconds. */
export const batchSize = 2_000;

/** A search that finds fewer in a sample of one batch uses the index. For one that finds more, reading in order is faster. */
const few = 50;

export type Search = 'none' | 'few' | 'many';

/** How many profiles a search is expected to find, from a sample, which is representative because profiles have random IDs. */
export async function searchKind(db: Db, { search }: ProfileFilter): Promise<Search> {
  const words = wordsOf(search);
  if (words.length === 0) return 'none';
  if (!isIndexed(words)) return 'many';
  const sample = db.selectFrom('profile').select('search_text').orderBy('id').limit(batchSize);
  const { read, found } = await db
    .selectFrom(sample.as('profile'))
    .select(({ fn, and }) => [
      fn.countAll<number>().as('read'),
      fn
        .countAll<number>()
        .filterWhere(and(words.map((word) => contains(word))))
        .as('found'),
    ])
    .executeTakeFirstOrThrow();
  return read === batchSize && found < few ? 'few' : 'many';
}

/** These columns of every profile that a search finds, by its index. */
export async function rowsByIndex<Column extends keyof ProfileTable>(
  db: Db,
  query: ProfileFilter & StatusTime,
  columns: readonly Column[],
  more: (expression: Builder) => Condition = (expression) => expression.and([]),
): Promise<Pick<Selectable<ProfileTable>, Column>[]> {
  const found: Pick<Selectable<ProfileTable>, Column>[] = [];
  for await (const ids of proposedIds(db, wordsOf(query.search), batchSize)) {
    const rows = await db
      .selectFrom('profile')
      .select(columns)
      .where('id', 'in', ids)
      .where((expression) => expression.and([matching(expression, query), more(expression)]))
      .execute();
    found.push(...(rows as unknown as typeof found));
    await nextTurn();
  }
  return found;
}

/** Compares rows by these columns as the databases do: numbers, and texts byte by byte. */
export function inOrderOf<Column extends keyof ProfileTable>(
  columns: readonly Column[],
  descending: boolean,
) {
  const compare = (one: unknown, other: unknown): number =>
    typeof one === 'number'
      ? one - Number(other)
      : Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
  return (
    one: Pick<Selectable<ProfileTable>, Column>,
    other: Pick<Selectable<ProfileTable>, Column>,
  ): number => {
    for (const column of columns) {
      const order = compare(one[column], other[column]);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };
}
