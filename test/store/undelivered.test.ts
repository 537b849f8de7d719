import { describe, expect, it } from 'vitest';
import { dayMs, unknownEnd } from '../../src/domain/lifetimes.ts';
import { statusOf } from '../../src/domain/profile-status.ts';
import type { Token } from '../../src/domain/token.ts';
import type { Db } from '../../src/store/db.ts';
import {
  clearOtherProfilesAt,
  deleteDestination,
  destinationsOf,
  saveDestination,
} from '../../src/store/destinations.ts';
import { findProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { type ProfilePageQuery, queryProfiles } from '../../src/store/profiles/query.ts';
import { countByStatus } from '../../src/store/profiles/status-totals.ts';
import {
  currentTokensOf,
  deleteToken,
  insertToken,
  setCurrent,
  updateToken,
} from '../../src/store/profiles/tokens.ts';
import { dueTokens, setNextChecks } from '../../src/store/reminders/reminders.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

const now = Date.UTC(2027, 2, 1);

async function addToken(db: Db, profileId: string, left: number | null, changes: Partial<Token> = {}) {
  const documented = left === null ? null : now + left * dayMs;
  const lifetimes = { confirmed: null, reported: null, documented };
  const token = fakeToken({ profileId, lifetimes, state: 'pending', ...changes });
  await insertToken(db, token, `ciphertext ${token.id}`);
  if (token.state === 'pending') await setCurrent(db, token);
  return token;
}

const app = { provider: 'entra', appId: 'app', appName: 'Webex', method: 'push' } as const;
const entra = { ...app, steps: [] };

/** A profile that was renewed: Entra ID holds the earlier token, which has 25 days left. */
async function renewed(db: Db, name = 'globex') {
  const profile = fakeProfile({ name });
  await insertProfile(db, profile);
  const earlier = await addToken(db, profile.id, 25);
  const target = { ...entra, profileId: profile.id };
  await saveDestination(db, { ...target, tokenId: earlier.id, installedAt: now });
  const current = await addToken(db, profile.id, 365);
  const until = async () => (await findProfile(db, name))?.undeliveredUntil ?? null;
  const status = async () => {
    const [found] = (await queryProfiles(db, { sort: 'name', limit: 9, now, search: name })).rows;
    return found && statusOf(found.profile, found.current, now);
  };
  return { profile, earlier, current, target, until, status };
}

const names = async (db: Db, query: Partial<ProfilePageQuery> = {}) =>
  (await queryProfiles(db, { sort: 'urgency', limit: 50, now, ...query })).rows.map(
    ({ profile }) => profile.name,
  );

describe('the delivery of a profile', () => {
  it('follows each change of a destination', async () => {
    const { db } = await newStore();
    const { target, current, earlier, until, status } = await renewed(db);
    expect([await until(), await status()]).toEqual([now + 25 * dayMs, 'undelivered']);
    await saveDestination(db, { ...target, tokenId: current.id, installedAt: now });
    expect([await until(), await status()]).toEqual([null, 'valid']);
    await saveDestination(db, { ...target, tokenId: earlier.id, installedAt: now });
    expect(await until()).toBe(now + 25 * dayMs);
    await deleteDestination(db, target);
    expect([await until(), await status()]).toEqual([null, 'valid']);
  });

  it('ends with the earliest token of several destinations', async () => {
    const { db } = await newStore();
    const { profile, target, earlier, until } = await renewed(db);
    const okta = { ...target, provider: 'okta', appId: 'other' } as const;
    const oldest = await addToken(db, profile.id, 3, { state: 'previous' });
    await saveDestination(db, { ...okta, tokenId: oldest.id, installedAt: now });
    expect(await until()).toBe(now + 3 * dayMs);
    await deleteDestination(db, okta);
    expect(await until()).toBe(now + 25 * dayMs);
    // Another expiry became known, or Webex rejected the token.
    const lifetimes = { confirmed: now + 20 * dayMs, reported: null, documented: null };
    await updateToken(db, earlier.id, { lifetimes });
    expect(await until()).toBe(now + 20 * dayMs);
    await updateToken(db, earlier.id, { rejectedAt: now - dayMs });
    expect(await until()).toBe(now - dayMs);
  });

  it('keeps the end of a token that was deleted here', async () => {
    const { db } = await newStore();
    const { profile, target, earlier, current, until, status } = await renewed(db);
    await deleteToken(db, earlier.id);
    expect([await until(), await status()]).toEqual([now + 25 * dayMs, 'undelivered']);
    const [held] = await destinationsOf(db, profile.id);
    expect(held?.deletedToken).toEqual({ expiresAt: now + 25 * dayMs, rejectedAt: null });
    await saveDestination(db, { ...target, tokenId: current.id, installedAt: now });
    expect(await until()).toBeNull();
    expect((await destinationsOf(db, profile.id))[0]?.deletedToken).toBeNull();
    // Without a current token there is nothing to deliver; with the next one there is.
    await deleteToken(db, current.id);
    expect([await until(), await status()]).toEqual([null, 'empty']);
    await addToken(db, profile.id, 500);
    expect(await until()).toBe(now + 365 * dayMs);
  });

  it('is at most the end of the current token, and unknown only if both are', async () => {
    const { db } = await newStore();
    const { profile, target, until, status } = await renewed(db);
    const unknown = await addToken(db, profile.id, null);
    await saveDestination(db, { ...target, tokenId: unknown.id, installedAt: now });
    const current = await addToken(db, profile.id, 100);
    expect(await until()).toBe(now + 100 * dayMs);
    await updateToken(db, current.id, {
      lifetimes: { confirmed: null, reported: null, documented: null },
    });
    expect([await until(), await status()]).toEqual([unknownEnd, 'undelivered']);
  });

  it('does not count a destination that holds no token, or reaches Webex another way', async () => {
    const { db } = await newStore();
    const { target, current, until } = await renewed(db);
    await saveDestination(db, { ...target, tokenId: current.id, installedAt: now });
    await saveDestination(db, { ...target, provider: 'okta', appId: '' });
    expect(await until()).toBeNull();
  });

  it('does not count what another profile has replaced', async () => {
    const { db } = await newStore();
    const { until } = await renewed(db);
    await clearOtherProfilesAt(db, { ...entra, profileId: 'another' });
    expect(await until()).toBeNull();
  });

  it('does not hide that the current token is rejected', async () => {
    const { db } = await newStore();
    const { current, until, status } = await renewed(db);
    await updateToken(db, current.id, { rejectedAt: now });
    expect([await until(), await status()]).toEqual([null, 'rejected']);
    await updateToken(db, current.id, { rejectedAt: null });
    expect(await status()).toBe('undelivered');
  });
});

describe('a list of profiles', () => {
  async function several(): Promise<Db> {
    const { db } = await newStore();
    for (const [name, left] of [
      ['valid', 300],
      ['soon', 10],
      ['over', -3],
    ] as const) {
      const profile = fakeProfile({ name });
      await insertProfile(db, profile);
      await addToken(db, profile.id, left);
    }
    await renewed(db, 'behind');
    const first = await renewed(db, 'behind-and-over');
    await updateToken(db, first.earlier.id, { rejectedAt: now - 5 * dayMs });
    // Renewed, never delivered, and expired since then.
    const forgotten = await renewed(db, 'forgotten');
    const lifetimes = { confirmed: now - dayMs, reported: null, documented: null };
    await updateToken(db, forgotten.current.id, { lifetimes });
    await insertProfile(db, fakeProfile({ name: 'nothing' }));
    return db;
  }

  it('starts with what is not delivered, by its effective end', async () => {
    const db = await several();
    expect(await names(db)).toEqual([
      'behind-and-over',
      'forgotten',
      'behind',
      'over',
      'soon',
      'valid',
      'nothing',
    ]);
    const [first] = (await queryProfiles(db, { sort: 'urgency', limit: 1, now })).rows;
    const page = await queryProfiles(db, { sort: 'urgency', limit: 1, now });
    expect(first?.profile.name).toBe('behind-and-over');
    expect(await names(db, { after: page.next ?? '', limit: 2 })).toEqual(['forgotten', 'behind']);
  });

  it('finds and counts each status by the rule of statusOf', async () => {
    const db = await several();
    const { rows, totals } = await queryProfiles(db, { sort: 'name', limit: 50, now });
    const wanted = Map.groupBy(rows, ({ profile, current }) => statusOf(profile, current, now));
    for (const status of ['undelivered', 'expired', 'expiring', 'valid', 'empty'] as const) {
      const expected = (wanted.get(status) ?? []).map(({ profile }) => profile.name);
      expect((await names(db, { status, sort: 'name' })).join()).toBe(expected.join());
      expect(totals[status]).toBe(expected.length);
    }
    expect(totals).toMatchObject({ undelivered: 2, expired: 2, all: 7 });
    // A search counts with another statement.
    expect(await countByStatus(db, { now, search: 'o' })).toMatchObject({ undelivered: 1, expired: 2 });
  });

  it('uses the effective end within a number of days', async () => {
    const db = await several();
    expect(await names(db, { endsBefore: now + 24 * dayMs })).not.toContain('behind');
    expect(await names(db, { endsBefore: now + 26 * dayMs })).toContain('behind');
  });
});

describe('reminders of a profile', () => {
  it('are planned again when its delivery changes', async () => {
    const { db } = await newStore();
    const { target, current, earlier } = await renewed(db);
    const due = async () => await dueTokens(db, 'mail', now, 10);
    const planned = async () =>
      await setNextChecks(db, 'mail', [...(await due()).map((token) => ({ token, at: now + dayMs }))]);
    expect(await due()).toMatchObject([{ id: current.id, undeliveredUntil: now + 25 * dayMs }]);
    await planned();
    expect(await due()).toEqual([]);
    await saveDestination(db, { ...target, tokenId: current.id, installedAt: now });
    expect(await due()).toMatchObject([{ id: current.id, undeliveredUntil: null }]);
    await planned();
    await saveDestination(db, { ...target, tokenId: earlier.id, installedAt: now });
    expect(await due()).toHaveLength(1);
    expect(await currentTokensOf(db, [target.profileId])).toHaveLength(1);
  });
});
