import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { foldText } from '../../text/fold-text.ts';
import { engineOf } from '../database/engine.ts';
import type { Db } from '../db.ts';

/*
 * A search for parts of words, by an index of every three characters in a row (trigrams) of `profile.search_text`: FTS5 on
 * SQLite, pg_trgm on PostgreSQL. The index only proposes profiles: their text is always compared too.
 */

/** Further words of a search are ignored. */
const maxWords = 10;

/** The words of a search, in the form of the stored text. */
export function wordsOf(search = ''): string[] {
  const words = foldText(search).split(/[\s\0]+/);
  return words.filter((word) => word !== '').slice(0, maxWords);
}

/** Whether a profile has this word anywhere in its text, or in another expression. */
export function contains(word: string, text = sql`search_text`): RawBuilder<SqlBool> {
  const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
  return sql<SqlBool>`${text} like ${pattern} escape '\\'`;
}

/** Whether the index can find these words: one of them has three characters. */
export function isIndexed(words: readonly string[]): boolean {
  return trigramsOf(words).length > 0;
}

/** The IDs of all profiles that may have these words, and few others, in lists of at most `length`. */
export async function* proposedIds(
  db: Db,
  words: readonly string[],
  length: number,
): AsyncGenerator<string[]> {
  if (engineOf(db) === 'sqlite') yield* proposedByFts5(db, words, length);
  else {
    const found = await foundByTrigrams(db, words);
    for (let at = 0; at < found.length; at += length) {
      yield found.slice(at, at + length).map(({ id }) => id);
    }
  }
}

/** On PostgreSQL. The index gets only the rarest trigrams, because it would read all profiles that have the others. */
async function foundByTrigrams(db: Db, words: readonly string[]): Promise<{ id: string }[]> {
  // The index divides text at other characters.
  const trigrams = trigramsOf(words).filter((trigram) => /^[\p{L}\p{N}]+$/u.test(trigram));
  const profiles = db.selectFrom('profile').select('id');
  if (trigrams.length <= usedTrigrams) {
    return await profiles.where(({ and }) => and(words.map((word) => contains(word)))).execute();
  }
  const rare = await rarestInSample(db, trigrams.slice(0, maxTrigrams));
  return await profiles
    .where(({ and }) =>
      and([
        ...rare.map((trigram) => contains(trigram)),
        // No index has this expression.
        ...words.map((word) => contains(word, sql`search_text || ''`)),
      ]),
    )
    .execute();
}

/** In this many profiles, which are representative because they have random IDs. */
const sampleSize = 100;

/** Always the rarest one, and others only if they exclude at least half of the profiles. */
async function rarestInSample(db: Db, trigrams: readonly string[]): Promise<readonly string[]> {
  const sample = db.selectFrom('profile').select('search_text').orderBy('id').limit(sampleSize);
  const counts = await db
    .selectFrom(sample.as('profile'))
    .select(({ fn }) => [
      fn.countAll<number>().as('all'),
      ...trigrams.map((trigram, at) => fn.countAll<number>().filterWhere(contains(trigram)).as(`${at}`)),
    ])
    .executeTakeFirstOrThrow();
  return trigrams
    .map((trigram, at) => ({ trigram, count: Number(counts[`${at}`]) }))
    .toSorted((one, other) => one.count - other.count)
    .filter(({ count }, at) => at === 0 || count * 2 <= counts.all)
    .slice(0, usedTrigrams)
    .map(({ trigram }) => trigram);
}

/** Further trigrams exclude only a few more profiles, and a frequent one costs time for each profile that has it. */
const usedTrigrams = 3;

async function* proposedByFts5(db: Db, words: readonly string[], length: number): AsyncGenerator<string[]> {
  const trigrams = await rarest(db, trigramsOf(words));
  const match = trigrams.map(quoted).join(' AND ');
  let after = 0;
  for (;;) {
    const { rows } = await sql<{ number: number; profile_id: string }>`
      select number, profile_id from profile_search join profile_number on number = profile_search.rowid
      where profile_search match ${match} and profile_search.rowid > ${after}
      order by profile_search.rowid limit ${length}`.execute(db);
    if (rows.length > 0) yield rows.map(({ profile_id }) => profile_id);
    if (rows.length < length) return;
    after = rows.at(-1)?.number ?? after;
  }
}

/** To compare trigrams: the later the hundredth profile with a trigram comes in the index, the rarer the trigram is. */
const probed = 100;

/** How many trigrams are compared at most. */
const maxTrigrams = 60;

async function rarest(db: Db, trigrams: readonly string[]): Promise<readonly string[]> {
  if (trigrams.length <= usedTrigrams) return trigrams;
  const probes = trigrams.slice(0, maxTrigrams).map(
    (trigram, at) => sql`select ${sql.lit(at)} as at, (select rowid from profile_search
      where profile_search match ${quoted(trigram)} order by rowid limit 1 offset ${sql.lit(probed - 1)}) as reached`,
  );
  const { rows } = await sql<{ at: number; reached: number | null }>`
    ${sql.join(probes, sql` union all `)}`.execute(db);
  // Trigrams that fewer profiles have come first. They cost almost nothing.
  const rank = ({ reached }: { reached: number | null }) => reached ?? Number.MAX_SAFE_INTEGER;
  const sorted = rows.toSorted((one, other) => rank(other) - rank(one));
  const rare = rows.filter(({ reached }) => reached === null).length;
  return sorted.slice(0, Math.max(rare, usedTrigrams)).map(({ at }) => trigrams[at] as string);
}

/** A string literal in an FTS5 query. */
function quoted(trigram: string): string {
  return `"${trigram.replaceAll('"', '""')}"`;
}

/** Every three characters in a row, once each. */
function trigramsOf(words: readonly string[]): string[] {
  const all = new Set<string>();
  for (const word of words) {
    const characters = [...word];
    for (let at = 0; at + 3 <= characters.length; at += 1) all.add(characters.slice(at, at + 3).join(''));
  }
  return [...all];
}
