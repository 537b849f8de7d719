import { describe, expect, it } from 'vitest';
import { insertAccessLink, useAccessLink } from '../../src/store/access/access-links.ts';
import {
  consumeSignIn,
  deleteOldSignIns,
  insertSignIn,
  signInById,
  signInByState,
  startByLink,
} from '../../src/store/access/sign-ins.ts';
import type { Db } from '../../src/store/db.ts';
import { getOrCreateMeta } from '../../src/store/meta/meta.ts';
import { newStore, reopened } from '../support/store/test-store.ts';

async function insertTestSignIn(
  db: Db,
  hashes: { state?: string; sessionBinding?: string; link?: string },
  id = 'sign-in-1',
) {
  const signIn = {
    id,
    profileName: 'acme',
    displayName: null,
    deployment: 'government' as const,
    orgId: null,
    scopes: ['a', 'b'],
    freshSignIn: true,
    createdAt: 1000,
    expiresAt: 2000,
  };
  await insertSignIn(db, signIn, hashes);
  return signIn;
}

describe('the sign-ins', () => {
  it('are found by their state, as they were created', async () => {
    const { db } = await newStore();
    const { createdAt: _, ...signIn } = await insertTestSignIn(db, {
      state: 'state-hash',
      sessionBinding: 'sessionBinding-hash',
    });
    const expected = {
      ...signIn,
      sessionBindingHash: 'sessionBinding-hash',
      consumedAt: null,
      tokenId: null,
      error: null,
    };
    expect(await signInByState(db, 'state-hash')).toEqual(expected);
    expect(await signInById(db, 'sign-in-1')).toEqual(expected);
    expect(await signInByState(db, 'another')).toBeNull();
  });

  it('end once, with a token or an error', async () => {
    const { db } = await newStore();
    await insertTestSignIn(db, { state: 'a' }, '1');
    await insertTestSignIn(db, { state: 'b' }, '2');
    expect(await consumeSignIn(db, '1', 1500, { tokenId: 'token-1' })).toBe(true);
    expect(await consumeSignIn(db, '1', 1600, { error: { code: 'late', message: 'late' } })).toBe(false);
    expect(await signInById(db, '1')).toMatchObject({ consumedAt: 1500, tokenId: 'token-1', error: null });
    const error = { code: 'access_denied', message: 'Denied.' };
    expect(await consumeSignIn(db, '2', 1500, { error })).toBe(true);
    expect(await signInById(db, '2')).toMatchObject({ consumedAt: 1500, tokenId: null, error });
  });

  it('start once by their link, before it expires and before they end', async () => {
    const { db } = await newStore();
    await insertTestSignIn(db, { link: 'link-1' }, '1');
    await insertTestSignIn(db, { link: 'link-2' }, '2');
    const hashes = { state: 'state-1', sessionBinding: 'sessionBinding-1' };
    expect(await startByLink(db, 'unknown', 1500, hashes)).toBeNull();
    expect(await startByLink(db, 'link-1', 2000, hashes)).toBeNull();
    // It was created while the clock was ahead.
    expect(await startByLink(db, 'link-1', 1000 - 86_400_001, hashes)).toBeNull();
    expect(await startByLink(db, 'link-1', 1999, hashes)).toMatchObject({
      id: '1',
      sessionBindingHash: 'sessionBinding-1',
      freshSignIn: true,
    });
    expect(await startByLink(db, 'link-1', 1999, { state: 'state-2', sessionBinding: 'b' })).toBeNull();
    expect(await signInByState(db, 'state-1')).toMatchObject({ id: '1' });
    await consumeSignIn(db, '2', 1500, { tokenId: 'token' });
    expect(await startByLink(db, 'link-2', 1600, { state: 'state-3', sessionBinding: 'b' })).toBeNull();
  });

  it('are deleted only once they expired', async () => {
    const { db } = await newStore();
    await insertTestSignIn(db, { state: 'a' });
    await deleteOldSignIns(db, 2000);
    expect(await signInById(db, 'sign-in-1')).not.toBeNull();
    await deleteOldSignIns(db, 2001);
    expect(await signInById(db, 'sign-in-1')).toBeNull();
  });
});

describe('an access link', () => {
  it('works once, before it expires', async () => {
    const { db } = await newStore();
    await insertAccessLink(db, 'a', 1000, 2000);
    await insertAccessLink(db, 'b', 1000, 2000);
    expect(await useAccessLink(db, 'unknown', 1500)).toBe(false);
    expect(await useAccessLink(db, 'a', 2000)).toBe(false);
    expect(await useAccessLink(db, 'a', 1999)).toBe(true);
    expect(await useAccessLink(db, 'a', 1999)).toBe(false);
    await insertAccessLink(db, 'c', 2001, 3000);
    expect(await db.selectFrom('access_link').select('link_hash').execute()).toEqual([{ link_hash: 'c' }]);
  });
});

describe('a meta value', () => {
  it('is created once', async () => {
    const { db, file } = await newStore();
    expect(await getOrCreateMeta(db, 'key', () => 'first')).toBe('first');
    expect(await getOrCreateMeta(await reopened(file), 'key', () => 'second')).toBe('first');
  });
});
