import { describe, expect, it } from 'vitest';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { openAll, storeTokens } from '../support/vault/key-hosts.ts';
import { actor, newVault, type TestVault } from '../support/vault/test-vault.ts';

/* Someone writes to the database from outside. */

interface Row {
  id: string;
  profileId: string;
  ciphertext: string;
}

/** The rows of the tokens of `profile-0` and `profile-1`. */
async function twoRows(vault: TestVault): Promise<[Row, Row]> {
  const [one, two] = await vault.db
    .selectFrom('token')
    .innerJoin('profile', 'profile.id', 'token.profile_id')
    .select(['token.id as id', 'profile_id as profileId', 'ciphertext'])
    .orderBy('name')
    .execute();
  if (one === undefined || two === undefined) throw new Error('two tokens are wanted');
  return [one, two];
}

async function change(vault: TestVault, id: string, values: Record<string, string>): Promise<void> {
  await vault.db.updateTable('token').set(values).where('id', '=', id).execute();
}

describe('a tampered token', () => {
  it('is refused and reported if any byte was flipped', async () => {
    const vault = await newVault();
    await storeTokens(vault, 2);
    const [row] = await twoRows(vault);
    const place = { tokenId: row.id, profileId: row.profileId };
    const whole = Buffer.from(row.ciphertext, 'latin1');
    const flipped = (at: number) => {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ 1;
      return altered.toString('latin1');
    };
    for (let at = 0; at < whole.length; at += 1) {
      // All at once: these bytes include the data key's ID, and the store is not queried for every unknown ID.
      expect(() => vault.keys.decryptSync(flipped(at), place)).toThrow(/^A stored token cannot be trusted/);
    }
    for (const at of [3, Math.floor(whole.length / 2), whole.length - 1]) {
      await change(vault, row.id, { ciphertext: flipped(at) });
      const error = await brokerErrorOf(() => readToken(vault, 'profile-0', actor));
      expect(error).toMatchObject({ code: 'E_INTEGRITY', help: expect.stringContaining('Restore a backup') });
      // The others are as they were.
      expect((await openAll(vault, ['profile-1'])).size).toBe(1);
    }
    await change(vault, row.id, { ciphertext: row.ciphertext });
    expect((await openAll(vault, ['profile-0'])).size).toBe(1);
  });
});

describe('a token moved to another row', () => {
  const elsewhere = /(changed|added) from outside/;

  it('is refused if the ciphertexts of two rows were exchanged', async () => {
    const vault = await newVault();
    await storeTokens(vault, 2);
    const [one, two] = await twoRows(vault);
    await change(vault, one.id, { ciphertext: two.ciphertext });
    await change(vault, two.id, { ciphertext: one.ciphertext });
    for (const profile of ['profile-0', 'profile-1']) {
      const error = await brokerErrorOf(() => readToken(vault, profile, actor));
      expect([error.code, error.message]).toEqual(['E_INTEGRITY', expect.stringMatching(elsewhere)]);
    }
  });

  it('is refused if the rows were given to the other profile', async () => {
    const vault = await newVault();
    await storeTokens(vault, 2);
    const [one, two] = await twoRows(vault);
    await change(vault, one.id, { state: 'previous', profile_id: two.profileId });
    await change(vault, two.id, { profile_id: one.profileId });
    await change(vault, one.id, { state: 'current' });
    for (const profile of ['profile-0', 'profile-1']) {
      const error = await brokerErrorOf(() => readToken(vault, profile, actor));
      expect([error.code, error.message]).toEqual(['E_INTEGRITY', expect.stringMatching(elsewhere)]);
    }
  });

  it('is refused as a copy in another row', async () => {
    const vault = await newVault();
    await storeTokens(vault, 2);
    const [one, two] = await twoRows(vault);
    const row = await vault.db
      .selectFrom('token')
      .selectAll()
      .where('id', '=', one.id)
      .executeTakeFirstOrThrow();
    await vault.db.deleteFrom('token').where('id', '=', two.id).execute();
    await vault.db
      .insertInto('token')
      .values({ ...row, id: 'another', profile_id: two.profileId })
      .execute();
    const error = await brokerErrorOf(() => readToken(vault, 'profile-1', actor));
    expect([error.code, error.message]).toEqual(['E_INTEGRITY', expect.stringMatching(elsewhere)]);
  });
});
