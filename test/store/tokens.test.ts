import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Token } from '../../src/domain/token.ts';
import type { Db } from '../../src/store/db.ts';
import {
  deleteProfile,
  findProfile,
  insertProfile,
  listProfiles,
} from '../../src/store/profiles/profiles.ts';
import {
  currentTokens,
  insertToken,
  pendingTokens,
  setCurrent,
  tokenById,
  tokenCiphertext,
  tokensOf,
  updateToken,
} from '../../src/store/profiles/tokens.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { storedToken } from '../../src/store/token-requests/sqlite-fast-path.ts';
import { engine, onSqlite } from '../support/store/engines.ts';
import { fakeProfile, fakeToken } from '../support/store/fake-rows.ts';
import { newStore } from '../support/store/test-store.ts';

async function profileWith(db: Db, tokens: Partial<Token>[], name = 'acme'): Promise<Token[]> {
  const profile = fakeProfile({ name });
  await insertProfile(db, profile);
  const all = tokens.map((changes) => fakeToken({ profileId: profile.id, ...changes }));
  for (const token of all) await insertToken(db, token, `ciphertext-${token.id}`);
  return all;
}

describe('the stored tokens', () => {
  it('are read as they were stored, with the ciphertext in a separate query', async () => {
    const { db } = await newStore();
    const full: Partial<Token> = {
      state: 'needs-review',
      source: 'import',
      lifetimes: { confirmed: 2 ** 45, reported: 7, documented: 8 },
      scopes: ['a', 'b c'],
      orgId: 'org-1',
      account: { id: 'person-1', displayName: 'Ada', email: null, orgId: 'org-1', admin: 'other' },
      verifiedAt: 11,
      rejectedAt: 12,
      reviewReason: 'not-full-admin',
      warnings: ['It’s odd: “quoted”'],
    };
    for (const token of await profileWith(db, [full, { capturedAt: 2000 }])) {
      expect(await tokenById(db, token.id)).toEqual(token);
      expect(await tokenCiphertext(db, token.id)).toBe(`ciphertext-${token.id}`);
    }
    expect(await tokenById(db, 'nothing')).toBeNull();
  });

  it('cannot be current twice in a profile', async () => {
    const { db } = await newStore();
    const [token] = await profileWith(db, [
      { state: 'current' },
      { state: 'previous' },
      { state: 'previous' },
    ]);
    const second = fakeToken({ profileId: token?.profileId ?? '' });
    await expect(insertToken(db, second, 'ciphertext')).rejects.toThrow(/unique/i);
    await expect(db.updateTable('token').set({ state: 'current' }).execute()).rejects.toThrow(/unique/i);
    await profileWith(db, [{ state: 'current' }], 'another');
    expect(await currentTokens(db)).toHaveLength(2);
  });

  it('become previous when another becomes current, in their own profile only', async () => {
    const { db } = await newStore();
    const [old, fresh] = await profileWith(db, [
      { capturedAt: 1 },
      { state: 'needs-review', reviewReason: 'rejected', capturedAt: 2 },
    ]);
    const [other] = await profileWith(db, [{}], 'another');
    if (old === undefined || fresh === undefined || other === undefined) throw new Error('no tokens');
    await setCurrent(db, fresh);
    expect((await tokensOf(db, old.profileId)).map(({ id, state }) => [id, state])).toEqual([
      [fresh.id, 'current'],
      [old.id, 'previous'],
    ]);
    expect(await tokenById(db, fresh.id)).toMatchObject({ reviewReason: null });
    expect(await tokenById(db, other.id)).toMatchObject({ state: 'current' });
  });

  it('change only in the given fields, and the expiry with the lifetimes', async () => {
    const { db } = await newStore();
    const [token] = await profileWith(db, [{ warnings: ['kept'] }]);
    if (token === undefined) throw new Error('no token');
    const expiresAt = async () =>
      (await db.selectFrom('token').select('expires_at').executeTakeFirstOrThrow()).expires_at;
    expect(await expiresAt()).toBe(5000);
    await updateToken(db, token.id, { verifiedAt: 42, lifetimes: { ...token.lifetimes, confirmed: 7777 } });
    expect(await tokenById(db, token.id)).toEqual({
      ...token,
      verifiedAt: 42,
      lifetimes: { ...token.lifetimes, confirmed: 7777 },
    });
    expect(await expiresAt()).toBe(7777);
  });

  it('are listed oldest first if they are pending', async () => {
    const { db } = await newStore();
    await profileWith(db, [
      { state: 'pending', capturedAt: 30 },
      { state: 'current', capturedAt: 20 },
      { state: 'pending', capturedAt: 10 },
    ]);
    expect((await pendingTokens(db)).map(({ capturedAt }) => capturedAt)).toEqual([10, 30]);
  });

  it('are listed with the profiles by name', async () => {
    const { db } = await newStore();
    await profileWith(db, [{ state: 'previous' }], 'zeta');
    const [token] = await profileWith(db, [{ state: 'previous' }, { state: 'current' }], 'alpha').then(
      (all) => all.slice(1),
    );
    expect(
      (await listProfiles(db)).map(({ profile, current }) => [profile.name, current?.id ?? null]),
    ).toEqual([
      ['alpha', token?.id],
      ['zeta', null],
    ]);
  });

  it('leave no ciphertext in the files after their profile was deleted', async () => {
    const { db, file } = await newStore();
    const [token] = await profileWith(db, [{}]);
    if (token === undefined) throw new Error('no token');
    const canary = 'ciphertext-canary-'.repeat(400);
    await db.updateTable('token').set({ ciphertext: canary }).execute();
    await deleteProfile(db, token.profileId);
    expect(await findProfile(db, 'acme')).toBeNull();
    expect(await tokenById(db, token.id)).toBeNull();
    // PostgreSQL keeps deleted rows in its files until it vacuums them.
    if (engine !== 'sqlite') return;
    await db.destroy();
    for (const name of readdirSync(dirname(file))) {
      expect(readFileSync(join(dirname(file), name)).includes('ciphertext-canary-')).toBe(false);
    }
  });

  onSqlite('are read by the fast path as the query builder wrote them', async () => {
    const { db, file } = await newStore();
    const [token] = await profileWith(db, [{ state: 'current' }, { state: 'previous' }]);
    await profileWith(db, [{ state: 'needs-review' }], 'another');
    const database = openSqliteFile(file);
    expect(storedToken(database, 'acme')).toMatchObject({
      profile: { id: token?.profileId, deployment: 'commercial', org_id: null },
      token: {
        id: token?.id,
        ciphertext: `ciphertext-${token?.id}`,
        expires_at: 5000,
        scopes: '["spark:people_read"]',
      },
    });
    expect(storedToken(database, 'another')).toBeUndefined();
    expect(storedToken(database, `acme' or '1'='1`)).toBeUndefined();
    database.close();
  });
});
