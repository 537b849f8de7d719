import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { newestMigration } from '../../src/store/migrations/newest.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import {
  copyBeforeUpgrade,
  deleteUpgradeCopies,
  upgradeCopies,
} from '../../src/store/sqlite/upgrade-copy.ts';
import { newStoreAsOf } from '../../src/store/store.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { databaseFile } from '../../src/vault/store-location.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { engine } from '../support/store/engines.ts';
import { actor, noKeychain, offline, testSettings } from '../support/vault/test-vault.ts';

const schema = '007-table-orders';
const day = 86_400_000;
/** Without the keychain and the network of this machine. */
const alone = { ...offline, keychain: noKeychain };

/** A data folder with a store that an earlier version wrote. */
async function earlierStore(): Promise<{ settings: Settings; file: string }> {
  const settings = await testSettings();
  const file = databaseFile(settings.home);
  // The settings come with an empty store of this version.
  rmSync(file, { force: true });
  const db = await newStoreAsOf(file, schema);
  await db.insertInto('meta').values({ key: 'mark', value: 'as it was' }).execute();
  await db.destroy();
  return { settings, file };
}

function newestOf(file: string): unknown {
  const database = openSqliteFile(file);
  const row = database.prepare('select max(name) as name from kysely_migration').get();
  database.close();
  return row?.name;
}

describe.runIf(engine === 'sqlite')('a store of an earlier version', () => {
  it('is copied before its upgrade, and the copy is named', async () => {
    const { settings, file } = await earlierStore();
    const warnings: string[] = [];
    await closeVault(await openVault(settings, { ...alone, onWarning: (text) => warnings.push(text) }));
    const copy = `${file}.as-of-${schema}`;
    expect(warnings).toContain(
      `This version upgrades the store. A copy of the previous store is kept for 30 days: ${copy}`,
    );
    expect(newestOf(file)).toBe(newestMigration);
    expect(newestOf(copy)).toBe(schema);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const database = openSqliteFile(copy);
    expect(database.prepare(`select value from meta where key = 'mark'`).get()).toEqual({
      value: 'as it was',
    });
    database.close();
  });

  it('is not copied once more when it is opened again', async () => {
    const { settings, file } = await earlierStore();
    await closeVault(await openVault(settings, alone));
    deleteUpgradeCopies(file, 'all');
    await closeVault(await openVault(settings, alone));
    expect(upgradeCopies(file)).toEqual([]);
  });

  it('is not upgraded if it cannot be copied', async () => {
    const { settings, file } = await earlierStore();
    // A folder with the name of the copy that is being written.
    mkdirSync(`${file}.as-of-${schema}.${process.pid}`);
    const error = await brokerErrorOf(() => openVault(settings, alone));
    expect(error).toMatchObject({ code: 'E_STORE', help: expect.stringContaining('Nothing was changed.') });
    expect(newestOf(file)).toBe(schema);
  });

  it('no longer has a copy after its data key was rotated', async () => {
    const { settings, file } = await earlierStore();
    const vault = await openVault(settings, alone);
    expect(upgradeCopies(file)).toHaveLength(1);
    await rotateDataKey(vault, actor);
    await closeVault(vault);
    expect(upgradeCopies(file)).toEqual([]);
  });
});

describe.runIf(engine === 'sqlite')('the copy of a store', () => {
  it('is not kept if another process has upgraded the store meanwhile', async () => {
    const { settings, file } = await earlierStore();
    await closeVault(await openVault(settings, alone));
    deleteUpgradeCopies(file, 'all');
    expect(copyBeforeUpgrade(file, schema)).toBeNull();
    expect(readdirSync(settings.home).filter((name) => name.includes('as-of'))).toEqual([]);
  });

  it('replaces the copy of an earlier upgrade', async () => {
    const { file } = await earlierStore();
    writeFileSync(`${file}.as-of-001-baseline`, '');
    const copy = copyBeforeUpgrade(file, schema);
    expect(upgradeCopies(file)).toEqual([copy]);
  });

  it('is deleted after 30 days', async () => {
    const { file } = await earlierStore();
    const copy = copyBeforeUpgrade(file, schema) ?? '';
    const now = Date.now();
    utimesSync(copy, new Date(now), new Date(now - 29 * day));
    deleteUpgradeCopies(file, now);
    expect(upgradeCopies(file)).toEqual([copy]);
    utimesSync(copy, new Date(now), new Date(now - 31 * day));
    deleteUpgradeCopies(file, now);
    expect(upgradeCopies(file)).toEqual([]);
  });
});
