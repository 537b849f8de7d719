import { describe, expect, it, vi } from 'vitest';
import { keyStatus } from '../../src/vault/key-operations/key-status.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { atTransaction } from '../support/vault/at-transaction.ts';
import { changeKeys, hosts, openAll, sealedWith, storeTokens } from '../support/vault/key-hosts.ts';
import { actor, auditLog, newVault, type TestVault } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function oneHost(): Promise<{ vault: TestVault; again: () => Promise<TestVault> }> {
  const [host] = await hosts(1);
  if (host === undefined) throw new Error('no host');
  return { vault: await host.open(), again: host.open };
}

/** Ends after the first batch, as if the process had been killed there. */
async function rotateInterrupted(vault: TestVault): Promise<void> {
  await expect(
    rotateDataKey(vault, actor, () => {
      throw new Error('killed');
    }),
  ).rejects.toThrow('killed');
}

describe('rotateDataKey', () => {
  it('re-encrypts every token, regardless of its state, and deletes the old key', async () => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 5);
    await importToken(vault, { profile: 'profile-0' }, usualToken({ filler: 'Z' }), actor);
    await vault.db.updateTable('token').set({ state: 'previous' }).where('state', '=', 'current').execute();
    await openAll(vault, stored.keys());
    const before = await sealedWith(vault);
    const seen: number[] = [];
    const rotated = await rotateDataKey(vault, actor, (done, total) => seen.push(done, total));
    expect(rotated).toEqual({ reencrypted: 6, unreadable: [], resumed: false });
    expect(seen.slice(-2)).toEqual([6, 6]);

    const after = await sealedWith(vault);
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    const { dataKeys, unfinished } = await keyStatus(vault);
    expect(dataKeys).toMatchObject([{ id: after[0], generation: 1, wrappedFor: 1, current: true }]);
    expect(unfinished).toBeNull();
    expect((await auditLog(vault)).filter((row) => row.startsWith('key'))).toEqual([
      'key-rotate started -',
      'key-rotate ok -',
    ]);
    expect([...(await openAll(await again(), stored.keys())).values()].slice(1)).toEqual(
      [...stored.values()].slice(1),
    );
  });

  it('can be repeated', async () => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 2);
    for (let turn = 1; turn <= 3; turn += 1) {
      await rotateDataKey(vault, actor);
      expect((await keyStatus(vault)).dataKeys).toMatchObject([{ generation: turn }]);
    }
    expect(await openAll(await again(), stored.keys())).toEqual(stored);
  });

  it('has nothing to encrypt in an empty store', async () => {
    const { vault } = await oneHost();
    expect(await rotateDataKey(vault, actor)).toMatchObject({ reencrypted: 0, resumed: false });
  });
});

const killed = () => Promise.reject(new Error('killed'));

/** Creates the new data key, and ends there. */
async function onlyBegin(vault: TestVault): Promise<void> {
  // Its transactions: create the key, record its generation, every token.
  await expect(rotateDataKey(atTransaction(vault, 3, killed), actor)).rejects.toThrow('killed');
  vi.restoreAllMocks();
}

describe('rotateDataKey, and other processes', () => {
  it('lets a running process read, and encrypt with the new key', async () => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 3);
    const running = await again();
    await rotateDataKey(vault, actor);
    expect(await openAll(running, stored.keys())).toEqual(stored);

    await importToken(running, { profile: 'late' }, usualToken({ filler: 'L' }), actor);
    expect(await sealedWith(vault)).toHaveLength(1);
    expect((await readToken(await again(), 'late', actor)).accessToken).toBe(usualToken({ filler: 'L' }));
  });

  it('makes a process that has not read the keys yet encrypt with the new one', async () => {
    const { vault, again } = await oneHost();
    await storeTokens(vault, 1);
    const running = await again();
    await rotateDataKey(vault, actor);
    await importToken(running, { profile: 'late' }, usualToken({ filler: 'L' }), actor);
    expect(await sealedWith(vault)).toEqual([(await keyStatus(vault)).dataKeys[0]?.id]);
  });

  it('keeps ciphertext readable that was read just before', async () => {
    const { vault, again } = await oneHost();
    await storeTokens(vault, 2);
    const running = await again();
    const { id, profile_id, ciphertext } = await vault.db
      .selectFrom('token')
      .select(['id', 'profile_id', 'ciphertext'])
      .executeTakeFirstOrThrow();
    await rotateDataKey(vault, actor);
    await running.keys.refresh();
    expect(await running.keys.open(ciphertext, { tokenId: id, profileId: profile_id })).toMatch(/^A|^B/);
  });

  it('is one rotation if three processes run it at the same time', async () => {
    const vault = await newVault();
    const stored = await storeTokens(vault, 30);
    const printed = await Promise.all(changeKeys(vault.settings, ['rotate', 'rotate', 'rotate']));
    const reencrypted = printed.map(Number);
    // A process that comes after the others have finished starts another rotation.
    const { dataKeys, unfinished } = await keyStatus(await newVault(undefined, { settings: vault.settings }));
    expect(reencrypted.reduce((sum, each) => sum + each)).toBe(30 * (dataKeys[0]?.generation ?? 0));
    expect(dataKeys).toHaveLength(1);
    expect(unfinished).toBeNull();
    expect(await openAll(vault, stored.keys())).toEqual(stored);
  });
});

describe('rotateDataKey, in a late process', () => {
  // Its transactions: join, every token, the end of the tokens, delete the old key.
  it.each([
    ['before it reads the tokens', 2],
    ['before it forgets the old key', 4],
  ])('loses no token if others finished its rotation and started the next: %s', async (_, number) => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 3);
    await onlyBegin(vault);
    const [late, others, last] = [await again(), await again(), await again()];
    const meanwhile = async () => {
      await rotateDataKey(others, actor);
      await onlyBegin(last);
    };
    await rotateDataKey(atTransaction(late, number, meanwhile), actor);
    expect(await openAll(await again(), stored.keys())).toEqual(stored);
    expect((await keyStatus(late)).dataKeys).toMatchObject([{ generation: 2 }]);
  });

  it('does not encrypt or count again what has the newest key', async () => {
    const { vault, again } = await oneHost();
    await storeTokens(vault, 3);
    await onlyBegin(vault);
    const [late, others] = [await again(), await again()];
    const meanwhile = async () => {
      await rotateDataKey(others, actor);
      await rotateDataKey(others, actor);
    };
    expect(await rotateDataKey(atTransaction(late, 2, meanwhile), actor)).toMatchObject({ reencrypted: 0 });
  });
});

describe('rotateDataKey, interrupted', () => {
  it('keeps everything readable and writable, and continues in the next run', async () => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 3);
    await rotateInterrupted(vault);

    const between = await again();
    expect((await keyStatus(between)).unfinished).toBe('rotation');
    expect(await openAll(between, stored.keys())).toEqual(stored);
    stored.set('late', usualToken({ filler: 'L' }));
    await importToken(between, { profile: 'late' }, usualToken({ filler: 'L' }), actor);

    const next = await again();
    const rotated = await rotateDataKey(next, actor);
    expect(rotated).toMatchObject({ resumed: true, unreadable: [] });
    expect(await sealedWith(next)).toHaveLength(1);
    expect((await keyStatus(next)).dataKeys).toMatchObject([{ generation: 1 }]);
    expect(await openAll(await again(), stored.keys())).toEqual(stored);
  });

  it('leaves a token that cannot be decrypted unchanged, reports it, and continues with the others', async () => {
    const { vault, again } = await oneHost();
    const stored = await storeTokens(vault, 3);
    const { id } = await vault.db.selectFrom('token').select('id').orderBy('id').executeTakeFirstOrThrow();
    await vault.db.updateTable('token').set({ ciphertext: 'not a token' }).where('id', '=', id).execute();
    expect(await rotateDataKey(vault, actor)).toMatchObject({ reencrypted: 2, unreadable: [id] });
    const left = await vault.db
      .selectFrom('token')
      .select('ciphertext')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(left.ciphertext).toBe('not a token');
    const next = await again();
    let opened = 0;
    for (const profile of stored.keys()) {
      opened += await readToken(next, profile, actor).then(
        () => 1,
        () => 0,
      );
    }
    expect(opened).toBe(2);
  });
});

describe('rotateDataKey, and writes from outside', () => {
  it('does not make an old data key the newest again', async () => {
    const { vault, again } = await oneHost();
    await storeTokens(vault, 1);
    const old = await vault.db.selectFrom('wrapped_data_key').selectAll().executeTakeFirstOrThrow();
    await rotateDataKey(vault, actor);
    await vault.db
      .insertInto('wrapped_data_key')
      .values({ ...old, generation: 9 })
      .execute();
    expect((await brokerErrorOf(again)).code).toBe('E_INTEGRITY');
    const error = await brokerErrorOf(() => importToken(vault, { profile: 'late' }, usualToken(), actor));
    expect(error.code).toBe('E_INTEGRITY');
  });

  it('accepts no token moved to another row or encrypted with an older key', async () => {
    const { vault } = await oneHost();
    await storeTokens(vault, 2);
    await rotateDataKey(vault, actor);
    const [one, two] = await vault.db.selectFrom('token').select(['id', 'ciphertext']).execute();
    await vault.db
      .updateTable('token')
      .set({ ciphertext: two?.ciphertext ?? '' })
      .where('id', '=', one?.id ?? '')
      .execute();
    const errors = await Promise.all(
      ['profile-0', 'profile-1'].map((profile) =>
        readToken(vault, profile, actor).then(
          () => null,
          (error: { code: string; message: string }) => error,
        ),
      ),
    );
    expect(errors.filter((error) => error !== null)).toMatchObject([
      { code: 'E_INTEGRITY', message: expect.stringContaining('changed from outside') },
    ]);
  });
});
