import { describe, expect, it } from 'vitest';
import type { Db } from '../../src/store/db.ts';
import { authenticateAll, checkEveryRow } from '../../src/store/integrity/all-rows.ts';
import { authenticRow, readChecked } from '../../src/store/integrity/authentic-rows.ts';
import type { NamedRow } from '../../src/store/integrity/authenticated-set.ts';
import { changing, inTransaction } from '../../src/store/integrity/changes.ts';
import { kinds } from '../../src/store/integrity/kinds.ts';
import { macKeysOf } from '../../src/store/integrity/mac-keys.ts';
import { rowMacHead } from '../../src/store/integrity/mac-queries.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { newVault } from '../support/vault/test-vault.ts';

/** A vault with one profile, and what a test does with that row. */
async function withProfile() {
  const { db } = await newVault();
  const { id } = fakeProfile();
  const orgId = (at: number) => `org-${at}`;
  await inTransaction(db, (trx) => insertProfile(trx, fakeProfile({ id, orgId: orgId(0) })));
  const read = () =>
    db.selectFrom('profile').select(kinds.profile.columns).where('id', '=', id).executeTakeFirstOrThrow();
  const set = (at: number, on: Db = db) =>
    on
      .updateTable('profile')
      .set({ org_id: orgId(at) })
      .where('id', '=', id)
      .execute();
  /** As another process of this program does between two statements. */
  const change = (at: number) =>
    inTransaction(db, async (trx) => {
      await changing(trx, 'profile', [id]);
      await set(at, trx);
    });
  const keys = macKeysOf(db);
  if (keys === null) throw new Error('the keys are open');
  return { db, keys, read, set, change };
}

describe('a row that another process changes while it is read', () => {
  it('is read again', async () => {
    const { db, read, change } = await withProfile();
    let readings = 0;
    const row = await authenticRow(db, 'profile', async () => {
      const before = await read();
      readings += 1;
      if (readings === 1) await change(1);
      return before;
    });
    expect([readings, row?.org_id]).toEqual([2, 'org-1']);
  });

  it('does not count as changed from outside', async () => {
    const { db, keys, read, change } = await withProfile();
    const changed: NamedRow[] = [];
    let readings = 0;
    const result = await readChecked(
      db,
      keys,
      async () => {
        const row = await read();
        readings += 1;
        if (readings === 1) await change(1);
        return { result: row.org_id, rows: [{ kind: 'profile' as const, row }] };
      },
      { changed },
    );
    expect([result, changed]).toEqual(['org-1', []]);
  });

  it('is refused after twenty readings if it never stays the same', async () => {
    const { db, read, change } = await withProfile();
    let readings = 0;
    const error = await brokerErrorOf(() =>
      authenticRow(db, 'profile', async () => {
        const before = await read();
        readings += 1;
        await change(readings);
        return before;
      }),
    );
    expect([readings, error.code]).toEqual([20, 'E_INTEGRITY']);
  });
});

describe('a row that was changed from outside', () => {
  it('is refused in the second reading', async () => {
    const { db, read, set } = await withProfile();
    await set(1);
    let readings = 0;
    const error = await brokerErrorOf(() =>
      authenticRow(db, 'profile', () => {
        readings += 1;
        return read();
      }),
    );
    expect([readings, error.code]).toEqual([2, 'E_INTEGRITY']);
  });

  it('is found among all rows if there are no more than the limit', async () => {
    const { db, set } = await withProfile();
    await set(1);
    const { length: count } = await db.selectFrom('row_mac').select('id').execute();
    expect(await checkEveryRow(db, count - 1)).toEqual([]);
    expect(await checkEveryRow(db, count)).toMatchObject([{ kind: 'profile', row: { org_id: 'org-1' } }]);
  });
});

describe('authenticating all rows', () => {
  it('accepts them as they are, and continues the change counter', async () => {
    const { db, read, set } = await withProfile();
    await set(1);
    await inTransaction(db, (trx) => authenticateAll(trx, 41));
    expect((await rowMacHead(db))?.counter).toBe(42);
    expect((await authenticRow(db, 'profile', read))?.org_id).toBe('org-1');
    expect(await checkEveryRow(db, 100)).toEqual([]);
  });
});
