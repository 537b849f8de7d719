import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { type ProfileStatus, statusOf } from '../../src/domain/profile-status.ts';
import type { Token } from '../../src/domain/token.ts';
import type { Db } from '../../src/store/db.ts';
import { deleteDestination, saveDestination } from '../../src/store/destinations.ts';
import {
  insertProfile,
  insertProfiles,
  listProfiles,
  setDisplayName,
  setProfileName,
  setTagsAndContact,
} from '../../src/store/profiles/profiles.ts';
import {
  type ProfilePageQuery,
  queryProfiles,
  queryTable,
  type TableQuery,
} from '../../src/store/profiles/query.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import { deleteToken, insertToken, setCurrent, updateToken } from '../../src/store/profiles/tokens.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

const now = Date.UTC(2027, 2, 1);

/** A profile whose current token expires this many days from now; null: it has none. */
async function storeProfile(
  db: Db,
  name: string,
  left: number | null,
  changes: Partial<Token> = {},
): Promise<Token | null> {
  const profile = fakeProfile({ name, orgId: `org-of-${name}` });
  await insertProfile(db, profile);
  if (left === null) return null;
  const documented = now + left * dayMs;
  const lifetimes = { confirmed: null, reported: null, documented };
  const token = fakeToken({ profileId: profile.id, lifetimes, ...changes });
  await insertToken(db, token, `ciphertext ${token.id}`);
  return token;
}

const account = {
  id: 'p',
  displayName: 'Ada Nakamura',
  email: 'Ada@ACME.example',
  orgId: 'o',
  admin: 'full' as const,
};

async function held(): Promise<Db> {
  const { db } = await newStore();
  await storeProfile(db, 'valid-b', 200);
  await storeProfile(db, 'valid-a', 200);
  await storeProfile(db, 'soon', 10, { account });
  await storeProfile(db, 'edge', 30);
  await storeProfile(db, 'over', -3);
  await storeProfile(db, 'refused', 100, { rejectedAt: now - 5 });
  await storeProfile(db, 'refused-and-over', -1, { rejectedAt: now - 2 * dayMs });
  await storeProfile(db, 'nothing', null);
  return db;
}

const page = async (db: Db, query: Partial<ProfilePageQuery> = {}) => {
  const found = await queryProfiles(db, { sort: 'urgency', limit: 50, now, ...query });
  return { ...found, names: found.rows.map(({ profile }) => profile.name) };
};

describe('queryProfiles', () => {
  it('lists the most urgent profiles first, those without a token last', async () => {
    const db = await held();
    expect((await page(db)).names).toEqual([
      'refused-and-over',
      'refused',
      'over',
      'soon',
      'edge',
      'valid-a',
      'valid-b',
      'nothing',
    ]);
    const sorted = (await page(db, { sort: 'name' })).names;
    expect(sorted).toHaveLength(8);
    expect(sorted).toEqual([...sorted].sort());
  });

  it('finds and counts the profiles of each status by the rule of statusOf', async () => {
    const db = await held();
    const all = await listProfiles(db);
    const { totals } = await page(db);
    for (const status of ['valid', 'expiring', 'expired', 'rejected', 'empty'] satisfies ProfileStatus[]) {
      const wanted = all
        .filter(({ profile, current }) => statusOf(profile, current, now) === status)
        .map(({ profile }) => profile.name);
      const { names } = await page(db, { status });
      expect(names.sort()).toEqual(wanted.sort());
      expect(wanted).not.toEqual([]);
      expect(totals[status]).toBe(wanted.length);
    }
    expect(totals.all).toBe(all.length);
    expect(await countByStatus(db, { now, withinDays: 5 })).toMatchObject({ expiring: 0, valid: 4 });
    // A count with a search uses another code path.
    expect(await countByStatus(db, { now, search: 'o' })).toMatchObject({ all: 8 });
  });

  describe('pages', () => {
    it.each(['urgency', 'name'] as const)(
      'list each profile once by %s, forward and backward',
      async (sort) => {
        const db = await held();
        const whole = (await page(db, { sort })).names;
        const forwards: string[][] = [];
        let current = await page(db, { sort, limit: 3 });
        expect(current.previous).toBeNull();
        forwards.push(current.names);
        while (current.next !== null) {
          current = await page(db, { sort, limit: 3, after: current.next });
          forwards.push(current.names);
        }
        expect(forwards.flat()).toEqual(whole);
        const backwards = [current.names];
        while (current.previous !== null) {
          current = await page(db, { sort, limit: 3, before: current.previous });
          backwards.unshift(current.names);
        }
        expect(backwards.flat()).toEqual(whole);
      },
    );

    it('start at the beginning for an invalid cursor', async () => {
      const db = await held();
      for (const after of ['', 'x', '1e9.a', "0.'; drop table profile; --", '99999999999999999999.a']) {
        const { names } = await page(db, { after });
        expect(names.length).toBeGreaterThan(0);
      }
    });
  });

  describe('search', () => {
    it.each([
      ['SOON', ['soon']],
      ['ada@acme', ['soon']],
      ['nakamura soo', ['soon']],
      ['org-of-over', ['over']],
      ['valid', ['valid-a', 'valid-b']],
      ['%', []],
      ['_', []],
      ['\\', []],
      ['nobody', []],
      ['  ', ['refused-and-over', 'refused', 'over', 'soon', 'edge', 'valid-a', 'valid-b', 'nothing']],
    ])('finds "%s"', async (search, names) => {
      const db = await held();
      const found = await page(db, { search });
      expect(found.names).toEqual(names);
      expect(found.totals.all).toBe(names.length);
    });
  });

  it('updates order and search text after every change of what they are derived from', async () => {
    const { db } = await newStore();
    const token = await storeProfile(db, 'acme', 100);
    await storeProfile(db, 'other', 50);
    if (token === null) throw new Error('no token');
    const first = async () => (await page(db)).names[0];
    expect(await first()).toBe('other');
    await updateToken(db, token.id, { rejectedAt: now });
    expect(await first()).toBe('acme');
    await updateToken(db, token.id, { rejectedAt: null, account });
    expect(await first()).toBe('other');
    expect((await page(db, { search: 'nakamura' })).names).toEqual(['acme']);
    await updateToken(db, token.id, { lifetimes: { ...token.lifetimes, confirmed: now + dayMs } });
    expect(await first()).toBe('acme');
    await setProfileName(db, token.profileId, 'renamed');
    expect((await page(db, { search: 'renamed' })).names).toEqual(['renamed']);

    const lifetimes = { confirmed: null, reported: null, documented: now + 365 * dayMs };
    const renewed = fakeToken({ profileId: token.profileId, state: 'pending', lifetimes });
    await insertToken(db, renewed, 'ciphertext');
    expect(await first()).toBe('renamed');
    await setCurrent(db, renewed);
    expect(await first()).toBe('other');
    await deleteToken(db, renewed.id);
    expect(await countByStatus(db, { now })).toMatchObject({ empty: 1, valid: 1 });
  });

  it('searches any number of tags and contacts of a profile', async () => {
    const { db } = await newStore();
    const tags = Array.from({ length: 20 }, (_, at) => `tag-${at}-${'x'.repeat(50)}`);
    const contact = `${'c'.repeat(60)}@${'d'.repeat(180)}.example`;
    await insertProfile(db, fakeProfile({ name: 'n'.repeat(63), contact, tags }));
    for (const search of [tags.at(-1), tags[10], contact, `${tags.at(-1)} nnn`]) {
      expect((await page(db, { search })).names).toEqual(['n'.repeat(63)]);
    }
  });

  it('pages through search results in both directions and orders', async () => {
    const { db } = await newStore();
    const name = (at: number) => `customer-${String(at).padStart(4, '0')}`;
    for (let from = 0; from < 4_500; from += 500) {
      await insertProfiles(
        db,
        Array.from({ length: 500 }, (_, at) =>
          fakeProfile({
            id: name(from + at),
            name: name(from + at),
            tags: (from + at) % 900 === 7 ? ['rare'] : [],
          }),
        ),
      );
    }
    const all = [7, 907, 1807, 2707, 3607].map(name);
    for (const sort of ['name', 'urgency'] as const) {
      const query = { search: 'rare', sort, now, limit: 2 };
      const first = await queryProfiles(db, query);
      expect(first.totals).toMatchObject({ all: 5, empty: 5 });
      const second = await queryProfiles(db, { ...query, after: first.next ?? '' });
      const third = await queryProfiles(db, { ...query, after: second.next ?? '' });
      const names = [first, second, third].map(({ rows }) => rows.map(({ profile }) => profile.name));
      expect(names).toEqual([all.slice(0, 2), all.slice(2, 4), all.slice(4)]);
      expect(third.next).toBeNull();
      const back = await queryProfiles(db, { ...query, before: third.previous ?? '' });
      expect(back.rows.map(({ profile }) => profile.name)).toEqual(all.slice(2, 4));
    }
  });
});

describe('queryTable', () => {
  const table = async (db: Db, query: Partial<TableQuery> = {}) => {
    const page = await queryTable(db, {
      order: 'name',
      descending: false,
      page: 1,
      pageSize: 50,
      now,
      ...query,
    });
    return { ...page, names: page.rows.map(({ profile }) => profile.name) };
  };

  async function filed(): Promise<Db> {
    const db = await held();
    const file = async (name: string, contact: string | null, tags: string[]) => {
      const { id } = await db
        .selectFrom('profile')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      await setTagsAndContact(db, id, { contact, tags });
      return id;
    };
    await setDisplayName(db, await file('soon', 'B@x.example', ['gold']), 'Acme');
    await file('over', 'a@x.example', ['emea', 'silver']);
    await file('edge', null, ['emea']);
    return db;
  }

  it('sorts by each column, with empty cells last, and the other way round', async () => {
    const db = await filed();
    expect((await table(db)).names.slice(0, 3)).toEqual(['soon', 'edge', 'nothing']);
    expect((await table(db, { descending: true })).names.at(-1)).toBe('soon');
    expect((await table(db, { order: 'contact' })).names.slice(0, 3)).toEqual(['over', 'soon', 'edge']);
    expect((await table(db, { order: 'tags' })).names.slice(0, 4)).toEqual([
      'edge',
      'over',
      'soon',
      'nothing',
    ]);
    expect((await table(db, { order: 'account' })).names[0]).toBe('soon');
    expect((await table(db, { order: 'days' })).names).toEqual([
      'over',
      'refused-and-over',
      'soon',
      'edge',
      'refused',
      'valid-a',
      'valid-b',
      'nothing',
    ]);
    expect((await table(db, { order: 'status' })).names).toEqual((await page(db)).names);
  });

  it('has empty cells last in both directions, in a search and on every page', async () => {
    const db = await filed();
    const both = async (query: Partial<TableQuery>) => {
      const up = (await table(db, query)).names;
      const down = (await table(db, { ...query, descending: true })).names;
      const pages: string[] = [];
      for (let number = 1; number <= Math.ceil(down.length / 3); number += 1)
        pages.push(...(await table(db, { ...query, descending: true, page: number, pageSize: 3 })).names);
      expect(pages).toEqual(down);
      return [up, down];
    };
    const contacts = await both({ order: 'contact' });
    expect(contacts[0]?.slice(0, 3)).toEqual(['over', 'soon', 'edge']);
    expect(contacts[1]?.slice(0, 3)).toEqual(['soon', 'over', 'edge']);
    expect(contacts.map((names) => names.slice(2))).toEqual([contacts[0]?.slice(2), contacts[0]?.slice(2)]);
    expect((await both({ order: 'days' })).map((names) => names.at(-1))).toEqual(['nothing', 'nothing']);
    const found = await both({ order: 'contact', search: 'e' });
    expect(found[1]?.slice(0, 2)).toEqual(['soon', 'over']);
    const deployment = await both({ order: 'tags', status: 'valid' });
    expect(deployment[0]).toEqual(deployment[1]);
  });

  it('sorts by organization ID and by destinations', async () => {
    const db = await filed();
    expect((await table(db, { order: 'organization', descending: true })).names[0]).toBe('valid-b');
    const connect = async (name: string, provider: 'entra' | 'okta') => {
      const { id: profileId } = await db
        .selectFrom('profile')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      const target = { profileId, provider, appId: 'app' };
      await saveDestination(db, { ...target, appName: 'Webex', method: 'push', steps: [] });
      return target;
    };
    await connect('valid-b', 'okta');
    await connect('soon', 'entra');
    const target = await connect('over', 'okta');
    const byDestinations = async (descending: boolean) =>
      (await table(db, { order: 'destinations', descending })).names.slice(0, 3);
    expect(await byDestinations(false)).toEqual(['soon', 'over', 'valid-b']);
    expect(await byDestinations(true)).toEqual(['valid-b', 'over', 'soon']);
    await deleteDestination(db, target);
    expect(await byDestinations(false)).toEqual(['soon', 'valid-b', 'edge']);
  });

  it('has pages by number, within a filter and a search too', async () => {
    const db = await filed();
    const second = await table(db, { page: 2, pageSize: 3 });
    expect(second).toMatchObject({ page: 2, pages: 3, total: 8 });
    const all = (await table(db)).names;
    expect(second.names).toEqual(all.slice(3, 6));
    expect(await table(db, { page: 99, pageSize: 3 })).toMatchObject({ page: 3, names: all.slice(6) });
    expect(await table(db, { page: -5, pageSize: 3 })).toMatchObject({ page: 1, names: all.slice(0, 3) });
    expect(await table(db, { status: 'valid', order: 'contact', pageSize: 1, page: 2 })).toMatchObject({
      total: 2,
      names: ['valid-b'],
    });
    expect((await table(db, { tag: 'emea', descending: true })).names).toEqual(['over', 'edge']);
    expect(await table(db, { search: 'emea', pageSize: 1, page: 2 })).toMatchObject({
      total: 2,
      pages: 2,
      names: ['over'],
    });
    expect((await table(db, { search: 'acme' })).names).toEqual(['soon']);
    expect(await table(db, { search: 'absent' })).toMatchObject({ total: 0, pages: 1, names: [] });
  });
});
