import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import type { Db } from '../../src/store/db.ts';
import { derivedColumnsOf } from '../../src/store/profiles/derived-columns.ts';
import {
  deleteProfile,
  insertProfiles,
  setDisplayName,
  setProfileName,
  setTagsAndContact,
} from '../../src/store/profiles/profiles.ts';
import { iterateProfiles, queryProfiles, queryTable, tableOrders } from '../../src/store/profiles/query.ts';
import { isIndexed, proposedIds, wordsOf } from '../../src/store/profiles/search-index.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import { insertTokens } from '../../src/store/profiles/tokens.ts';
import { newStoreAsOf } from '../../src/store/store.ts';
import { forFile } from '../support/for-file.ts';
import { newPlace, onPostgres, onSqlite } from '../support/store/engines.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore, reopened } from '../support/store/test-store.ts';

const now = Date.UTC(2027, 2, 1);

async function proposed(db: Db, search: string, length = 3): Promise<string[]> {
  const ids: string[] = [];
  for await (const some of proposedIds(db, wordsOf(search), length)) ids.push(...some);
  return ids.sort();
}

describe('proposedIds', () => {
  // No NUL: both engines refuse it, or end the text there.
  const text = fc
    .oneof(
      fc.string({ unit: fc.constantFrom('a', 'b', 'Ä', 'é', '-', '"', '%', '_', '\\', ' '), maxLength: 12 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    )
    .map((each) => each.replaceAll('\0', ' ').toWellFormed());
  const change = fc.record({
    at: fc.nat(9),
    what: fc.constantFrom('display-name', 'contact', 'rename', 'delete'),
    text,
  });

  it('proposes every profile that has the words, after any changes', async () => {
    const { db } = await newStore();
    const property = fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 10 }),
      fc.array(change, { maxLength: 6 }),
      text,
      fc.nat(30),
      async (contacts, changes, other, from) => {
        await db.deleteFrom('profile').execute();
        const profiles = contacts.map((contact, at) => ({
          ...fakeProfile({ name: `p${at}`, orgId: null }),
          displayName: null as string | null,
          tags: [] as string[],
          contact,
        }));
        await insertProfiles(db, profiles);
        const kept = new Map(profiles.map((profile) => [profile.id, profile]));
        for (const { at, what, text: changed } of changes) {
          const profile = profiles[at];
          if (profile === undefined || !kept.has(profile.id)) continue;
          if (what === 'display-name') {
            profile.displayName = changed;
            await setDisplayName(db, profile.id, changed);
          } else if (what === 'contact') {
            profile.contact = changed;
            await setTagsAndContact(db, profile.id, { contact: changed });
          } else if (what === 'rename') {
            profile.name = `renamed-${at}`;
            await setProfileName(db, profile.id, profile.name);
          } else {
            kept.delete(profile.id);
            await deleteProfile(db, profile.id);
          }
        }
        const texts = new Map([...kept].map(([id, each]) => [id, derivedColumnsOf(each).search_text]));
        const part = [...([...texts.values()][0] ?? '')].slice(from, from + 9).join('');
        for (const search of [other, part, 'renamed', `${part} ${other}`]) {
          const words = wordsOf(search);
          if (!isIndexed(words)) continue;
          const naive = [...texts]
            .filter(([, each]) => words.every((word) => each.includes(word)))
            .map(([id]) => id);
          expect(await proposed(db, search)).toEqual(expect.arrayContaining(naive));
        }
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('proposes few others', async () => {
    const { db } = await newStore();
    const profiles = Array.from({ length: 300 }, (_, at) => fakeProfile({ name: `customer-${at}` }));
    await insertProfiles(db, profiles);
    expect(await proposed(db, 'customer-277')).toEqual([profiles[277]?.id]);
    expect((await proposed(db, 'customer', 7)).length).toBe(300);
    expect(await proposed(db, 'custom xyzzy')).toEqual([]);
  });

  onPostgres('gives the index only trigrams that exclude other profiles', async () => {
    const { db } = await newStore();
    await insertProfiles(
      db,
      Array.from({ length: 300 }, (_, at) => fakeProfile({ name: `customer-${at}` })),
    );
    const parameters: (readonly unknown[])[] = [];
    const recording = db.withPlugin({
      transformQuery: ({ node, queryId }) => {
        parameters.push(db.getExecutor().compileQuery(node, queryId).parameters);
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    await proposed(recording, 'customer-277');
    expect(parameters.at(-1)).toEqual(['%277%', '%customer-277%']);
  });
});

describe('a search for names of other languages', () => {
  it.each([
    ['istanbul', 'İstanbul'],
    ['İSTANBUL', 'Istanbul'],
    ['zurich', 'Zürich AG'],
    // The same letters in another form of Unicode, as macOS writes the names of files.
    ['Zu\u0308rich', 'Zürich AG'],
    ['strasse', 'Hauptstraße 1'],
    ['ガス', '大阪ｶﾞｽ'],
    ['αθηνας', 'ΑΘΗΝΆΣ'],
  ])('%s finds %s', async (search, displayName) => {
    const { db } = await newStore();
    const named = fakeProfile({ name: 'c1', displayName });
    await insertProfiles(db, [named, fakeProfile({ name: 'c2', displayName: 'Another' })]);
    const { rows } = await queryProfiles(db, { sort: 'urgency', limit: 10, now, search });
    expect(rows.map(({ profile }) => profile.name)).toEqual(['c1']);
    if (isIndexed(wordsOf(search))) expect(await proposed(db, search)).toEqual([named.id]);
  });
});

describe('a search in a store of more profiles than one sample', () => {
  const count = 2_300;

  /** No test changes it. */
  const bigStore = forFile(async () => {
    const { db } = await newStore();
    const names = Array.from({ length: count }, (_, at) => `customer-${String(at).padStart(4, '0')}`);
    const profiles = names.map((name, at) =>
      fakeProfile({ name, contact: `contact-${(at * 7) % 100}@example.com` }),
    );
    for (let at = 0; at < count; at += 500) await insertProfiles(db, profiles.slice(at, at + 500));
    const tokens = profiles.slice(0, 40).map(({ id }, at) => {
      const documented = now + (20 - ((at * 13) % 40)) * dayMs;
      const lifetimes = { confirmed: null, reported: null, documented };
      return { token: fakeToken({ profileId: id, lifetimes }), ciphertext: 'x' };
    });
    await insertTokens(db, tokens);
    return db;
  });

  // Searches that match few, many or no profiles, and one that the index cannot find.
  const searches = ['customer-000', '0011 tomer', 'customer', 'xyzzy', '07', 'contact-7@'];

  it('finds, counts and orders the same as reading every profile', async () => {
    const db = bigStore();
    const all = (await queryProfiles(db, { sort: 'urgency', limit: count, now })).rows;
    const textOf = new Map(
      (await db.selectFrom('profile').select(['name', 'search_text']).execute()).map((row) => [
        row.name,
        row.search_text,
      ]),
    );
    const has = (name: string, search: string) =>
      wordsOf(search).every((word) => textOf.get(name)?.includes(word));
    for (const search of searches) {
      const naive = all.map(({ profile }) => profile.name).filter((name) => has(name, search));

      const paged: string[] = [];
      let after: string | undefined;
      do {
        const page = await queryProfiles(db, { search, sort: 'urgency', limit: 700, now, after });
        paged.push(...page.rows.map(({ profile }) => profile.name));
        expect(page.totals.all).toBe(naive.length);
        after = page.next ?? undefined;
      } while (after !== undefined);
      expect(paged).toEqual(naive);

      const iterated: string[] = [];
      for await (const rows of iterateProfiles(db, { search }, now)) {
        iterated.push(...rows.map(({ profile }) => profile.name));
      }
      expect(iterated).toEqual(naive.toSorted());
      expect((await countByStatus(db, { search, now })).all).toBe(naive.length);
    }
    const narrow = { search: 'customer-000', now };
    const statuses = await countByStatus(db, narrow);
    for (const status of ['expired', 'expiring', 'empty'] as const) {
      const { rows } = await queryProfiles(db, { ...narrow, status, sort: 'name', limit: 50 });
      expect(rows).toHaveLength(statuses[status]);
    }
    const [first, second] = (await queryProfiles(db, { ...narrow, sort: 'urgency', limit: 4 })).rows;
    const back = await queryProfiles(db, { ...narrow, sort: 'urgency', limit: 4 });
    const next = await queryProfiles(db, { ...narrow, sort: 'urgency', limit: 4, after: back.next ?? '' });
    const before = await queryProfiles(db, {
      ...narrow,
      sort: 'urgency',
      limit: 4,
      before: next.previous ?? '',
    });
    expect(before.rows.slice(0, 2)).toEqual([first, second]);
  });

  it('sorts a table by each column as without a search', async () => {
    const db = bigStore();
    for (const order of tableOrders) {
      for (const descending of [false, true]) {
        const query = { order, descending, pageSize: count, page: 1, now };
        const all = (await queryTable(db, query)).rows.map(({ profile }) => profile.name);
        const naive = all.filter((name) => name.includes('-000'));
        const found = await queryTable(db, { ...query, search: 'customer-000', pageSize: 7, page: 2 });
        expect(found.rows.map(({ profile }) => profile.name)).toEqual(naive.slice(7, 14));
        expect(found).toMatchObject({ total: 10, pages: 2, page: 2 });
      }
    }
  });
});

describe('the search index', () => {
  it('has the profiles of a store that was created before it', async () => {
    const file = await newPlace({ empty: true });
    const before = await newStoreAsOf(file, '008-guide-steps');
    for (const name of ['acme', 'globex']) {
      await sql`insert into profile (id, name, deployment, scopes, created_at, search_text)
        values (${name}, ${name}, 'commercial', '[]', 1, ${`${name} of example`})`.execute(before);
    }
    await before.destroy();
    const db = await reopened(file);
    expect(await proposed(db, 'lobe')).toEqual(['globex']);
    expect(await proposed(db, 'example')).toEqual(['acme', 'globex']);
    await deleteProfile(db, 'globex');
    expect(await proposed(db, 'example')).toEqual(['acme']);
  });

  onSqlite('stays correct when the rows of the table get other numbers', async () => {
    const { db } = await newStore();
    const profiles = Array.from({ length: 20 }, (_, at) => fakeProfile({ name: `number-${at}` }));
    await insertProfiles(db, profiles);
    await deleteProfile(db, profiles[3]?.id ?? '');
    await sql`vacuum`.execute(db);
    expect(await proposed(db, 'number-17')).toEqual([profiles[17]?.id]);
    expect(await proposed(db, 'number-3')).toEqual([]);
  });

  onPostgres('is used', async () => {
    const { db } = await newStore();
    const profiles = Array.from({ length: 500 }, (_, at) => fakeProfile({ name: `customer-${at}` }));
    await insertProfiles(db, profiles);
    const plan = await db.transaction().execute(async (trx) => {
      await sql`set local enable_seqscan = off`.execute(trx);
      return await sql`explain select id from profile where search_text like '%tomer-27%'`.execute(trx);
    });
    expect(JSON.stringify(plan.rows)).toContain('profile_search_text');
  });
});
