import { describe, expect, it } from 'vitest';
import { bucketOf, rowName } from '../../src/store/integrity/authenticated-set.ts';
import { changing, inTransaction, removing } from '../../src/store/integrity/changes.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { newVault, noKeychain, type TestVault, today } from '../support/vault/test-vault.ts';

/** A vault with a profile, and the ID of the profile. */
async function withProfile(): Promise<{ vault: TestVault; id: string }> {
  const vault = await newVault();
  const profile = fakeProfile({ name: 'acme' });
  await inTransaction(vault.db, (trx) => insertProfile(trx, profile));
  return { vault, id: profile.id };
}

const announce = ({ db }: TestVault, id: string) =>
  inTransaction(db, (trx) => changing(trx, 'profile', [id]));

/** Opens the store once more, which checks all of its rows. */
async function checkAll({ settings }: TestVault): Promise<void> {
  const { db } = await openVault(settings, { now: () => today, keychain: noKeychain });
  await db.destroy();
}

describe('announcing a change', () => {
  it('is possible for a row that this program wrote', async () => {
    const { vault, id } = await withProfile();
    await announce(vault, id);
    await checkAll(vault);
  });

  // Otherwise, the row would get a new MAC that covers the change from outside.
  it('is refused for a row that was changed from outside', async () => {
    const { vault, id } = await withProfile();
    await vault.db.updateTable('profile').set({ deployment: 'government' }).where('id', '=', id).execute();
    const error = await brokerErrorOf(() => announce(vault, id));
    expect([error.code, error.message]).toEqual([
      'E_INTEGRITY',
      'The database cannot be trusted: a profile was changed from outside.',
    ]);
  });

  it('is refused for a row without a MAC', async () => {
    const { vault, id } = await withProfile();
    await vault.db.deleteFrom('row_mac').where('kind', '=', 'profile').where('id', '=', id).execute();
    expect((await brokerErrorOf(() => announce(vault, id))).code).toBe('E_INTEGRITY');
  });
});

describe('announcing a removal', () => {
  const remove = ({ db }: TestVault, id: string) =>
    inTransaction(db, async (trx) => {
      await removing(trx, 'profile', [id]);
      await trx.deleteFrom('profile').where('id', '=', id).execute();
    });

  /** The digest that had the row removed from it is needed again for a row with the same ID. */
  const addAgain = ({ db }: TestVault, id: string) =>
    inTransaction(db, (trx) => insertProfile(trx, fakeProfile({ id, name: 'again' })));

  /** Adds a row from outside, as a copy of another one with a MAC that does not match. */
  async function addFromOutside({ db }: TestVault, id: string, withMac: boolean): Promise<void> {
    const row = await db.selectFrom('profile').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    await db
      .insertInto('profile')
      .values({ ...row, id: 'planted', name: 'planted' })
      .execute();
    if (!withMac) return;
    const { mac } = await db
      .selectFrom('row_mac')
      .select('mac')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    await db
      .insertInto('row_mac')
      .values({ bucket: bucketOf(rowName('profile', 'planted')), kind: 'profile', id: 'planted', mac })
      .execute();
  }

  it.each([false, true])(
    'leaves an authentic store if the row was added from outside, with a MAC: %s',
    async (withMac) => {
      const { vault, id } = await withProfile();
      await addFromOutside(vault, id, withMac);
      expect((await brokerErrorOf(() => checkAll(vault))).code).toBe('E_INTEGRITY');
      await remove(vault, 'planted');
      await checkAll(vault);
      await addAgain(vault, 'planted');
      await checkAll(vault);
    },
  );

  it('leaves an authentic store if this program wrote the row', async () => {
    const { vault, id } = await withProfile();
    await remove(vault, id);
    await checkAll(vault);
    await addAgain(vault, id);
    await checkAll(vault);
  });
});
