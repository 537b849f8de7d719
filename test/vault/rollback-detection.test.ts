import { chmodSync, cpSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import type { Keychain } from '../../src/crypto/keychain.ts';
import { copyTable } from '../../src/store/database/copy.ts';
import { tables } from '../../src/store/database/tables.ts';
import { openStore } from '../../src/store/store.ts';
import { acceptRolledBackStore } from '../../src/vault/backup/accept-rollback.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import type { Vault } from '../../src/vault/context.ts';
import { seenKeysEntry, seenPlaces, seenStateEntry } from '../../src/vault/integrity/seen-location.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { memoryKeychain } from '../support/vault/key-hosts.ts';
import { actor, noKeychain, offline, testSettings, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

/** Uses the store as one command does: it is opened, and closed. */
async function once(
  settings: Settings,
  keychain: Keychain,
  use: (vault: Vault) => Promise<unknown> = async () => {},
): Promise<void> {
  const vault = await openVault(settings, { ...offline, keychain, now: () => today });
  try {
    await use(vault);
  } finally {
    await closeVault(vault);
  }
}

const store = (profile: string) => (vault: Vault) => importToken(vault, { profile }, usualToken(), actor);

/** Simulates someone who keeps a copy of the database and puts it back later, on any engine. */
async function copyOf(settings: Settings): Promise<{ putBack: () => Promise<void> }> {
  const copy = join(temporaryFolder(), 'copy.db');
  await transfer(storeLocation(settings), copy);
  return { putBack: () => transfer(copy, storeLocation(settings)) };
}

async function transfer(from: string, to: string): Promise<void> {
  const [source, target] = [await openStore(from), await openStore(to)];
  await target.transaction().execute(async (trx) => {
    for (const table of tables.toReversed()) await trx.deleteFrom(table).execute();
    for (const table of tables) await copyTable(source, trx, table);
  });
  await source.destroy();
  await target.destroy();
}

describe.each([
  ['a key file', () => noKeychain],
  ['a keychain', () => memoryKeychain()],
])('an older database that is put back, with the key in %s', (_, newKeychain) => {
  it('is reported, and used only once a person accepts it', async () => {
    const [settings, keychain] = [await testSettings(), newKeychain()];
    await once(settings, keychain, store('acme'));
    const copy = await copyOf(settings);
    await once(settings, keychain, (vault) => removeProfile(vault, 'acme', actor));
    await copy.putBack();
    const error = await brokerErrorOf(() => once(settings, keychain));
    expect(error).toMatchObject({
      code: 'E_STORE_ROLLED_BACK',
      help: expect.stringContaining('--accept-rollback'),
    });
    expect(error.message).toMatch(/older than the last state seen/);

    await acceptRolledBackStore(settings, keychain, () => today, actor);
    await once(settings, keychain, (vault) => readToken(vault, 'acme', actor));
    // From now on the restored state counts, and the copy is outdated again.
    await copy.putBack();
    expect((await brokerErrorOf(() => once(settings, keychain))).code).toBe('E_STORE_ROLLED_BACK');
  });

  it('is reported even if it has grown as long as the other one', async () => {
    const [settings, keychain] = [await testSettings(), newKeychain()];
    await once(settings, keychain, store('acme'));
    const copy = await copyOf(settings);
    await once(settings, keychain, store('beta'));
    await copy.putBack();
    const elsewhere = { ...settings, home: join(temporaryFolder(), 'home') };
    if (settings.databaseUrl !== null && keychain === noKeychain) {
      // Another machine with the same key continues to use it.
      await once({ ...elsewhere, keyFile: join(settings.home, 'key.jwk') }, keychain).catch(() => {});
    }
    const db = await openStore(storeLocation(settings));
    await db.updateTable('audit_head').set({ seq: 9 }).execute();
    await db.updateTable('audit').set({ seq: 2, hash: 'another' }).where('seq', '=', 1).execute();
    await db.destroy();
    expect((await brokerErrorOf(() => once(settings, keychain))).message).toMatch(
      /differs from the row|this host has seen \d+/,
    );
  });

  it('causes no alarm if the program was killed before it recorded the state', async () => {
    const [settings, keychain] = [await testSettings(), newKeychain()];
    await once(settings, keychain, store('acme'));
    const vault = await openVault(settings, { ...offline, keychain, now: () => today });
    await store('beta')(vault);
    // Not closed properly.
    await vault.db.destroy();
    await once(settings, keychain, (next) => readToken(next, 'beta', actor));
  });

  it('causes no alarm after a restore, a second one or an interrupted one', async () => {
    const [settings, keychain] = [await testSettings(), newKeychain()];
    const file = join(temporaryFolder(), 'store.backup');
    await once(settings, keychain, store('acme'));
    await once(settings, keychain, (vault) => writeBackup(vault, file, actor, { program: '1' }));
    await once(settings, keychain, store('beta'));
    const options = { settings, keychain, now: () => today, actor, onWarning: () => {} };
    for (let turn = 0; turn < 2; turn += 1) {
      await restoreBackup(file, options);
      await once(settings, keychain, (vault) => readToken(vault, 'acme', actor));
      await once(settings, keychain, store(`turn-${turn}`));
    }
    // Into a store that was lost completely.
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(`${join(settings.home, 'store.db')}${suffix}`, { force: true });
    await restoreBackup(file, options);
    await once(settings, keychain, (vault) => readToken(vault, 'acme', actor));
  });

  it('causes no alarm after audit rows were pruned', async () => {
    const [settings, keychain] = [await testSettings(), newKeychain()];
    await once(settings, keychain, store('acme'));
    const { pruneAuditLog } = await import('../../src/vault/prune-audit.ts');
    await once(settings, keychain, (vault) => pruneAuditLog(vault, today + 1, actor));
    await once(settings, keychain, store('beta'));
    await once(settings, keychain);
  });
});

describe('a restore on one of several hosts', () => {
  it('lets the other hosts continue without an alarm', async () => {
    const shared = await testSettings();
    const keychain = memoryKeychain();
    await once(shared, keychain, store('acme'));
    const file = join(temporaryFolder(), 'store.backup');
    await once(shared, keychain, (vault) => writeBackup(vault, file, actor, { program: '1' }));
    // The other host has seen a newer state than the restored one.
    const seen = new Map(keychain.entries);
    await once(shared, keychain, store('beta'));
    const others = memoryKeychain();
    for (const [name, value] of keychain.entries) others.entries.set(name, value);
    for (const [name, value] of seen) keychain.entries.set(name, value);
    const options = { settings: shared, keychain, now: () => today, actor, onWarning: () => {} };
    await restoreBackup(file, options);
    await once(shared, keychain);
    await once(shared, others, (vault) => readToken(vault, 'acme', actor));
  });
});

describe('a data folder that is used through a symbolic link too', () => {
  it.each([
    ['the link', 'the folder'],
    ['the folder', 'the link'],
  ])('is protected if %s was used last, and then %s', async (last) => {
    const [settings, keychain] = [await testSettings(), memoryKeychain()];
    const link = join(temporaryFolder(), 'link');
    symlinkSync(settings.home, link);
    const throughLink = { ...settings, home: link };
    const [used, other] = last === 'the link' ? [throughLink, settings] : [settings, throughLink];
    await once(other, keychain, store('acme'));
    const copy = await copyOf(settings);
    await once(used, keychain, (vault) => removeProfile(vault, 'acme', actor));
    await copy.putBack();
    expect((await brokerErrorOf(() => once(other, keychain))).code).toBe('E_STORE_ROLLED_BACK');
    await acceptRolledBackStore(other, keychain, () => today, actor);
    await once(used, keychain, (vault) => readToken(vault, 'acme', actor));
  });

  it('is protected by the state of an earlier version, which knew only the link', async () => {
    const [settings, keychain] = [await testSettings(), memoryKeychain()];
    const link = join(temporaryFolder(), 'link');
    symlinkSync(settings.home, link);
    const throughLink = { ...settings, home: link };
    await once(throughLink, keychain, store('acme'));
    for (const place of seenPlaces(throughLink).slice(1)) {
      keychain.entries.delete(seenStateEntry(place));
      keychain.entries.delete(seenKeysEntry(place));
    }
    const remembered = keychain.entries.size;
    const copy = await copyOf(settings);
    await once(throughLink, keychain);
    // From now on, the folder itself is protected too.
    expect(keychain.entries.size).toBe(settings.databaseUrl === null ? remembered + 2 : remembered);
    await once(throughLink, keychain, (vault) => removeProfile(vault, 'acme', actor));
    await copy.putBack();
    expect((await brokerErrorOf(() => once(settings, keychain))).code).toBe('E_STORE_ROLLED_BACK');
  });

  it('is protected if the link then leads to an older copy', async () => {
    const [settings, keychain] = [{ ...(await testSettings()), databaseUrl: null }, memoryKeychain()];
    const [link, older] = [join(temporaryFolder(), 'link'), join(temporaryFolder(), 'older')];
    symlinkSync(settings.home, link);
    const throughLink = { ...settings, home: link };
    await once(throughLink, keychain, store('acme'));
    cpSync(settings.home, older, { recursive: true });
    chmodSync(older, 0o700);
    await once(throughLink, keychain, (vault) => removeProfile(vault, 'acme', actor));
    rmSync(link);
    symlinkSync(older, link);
    expect((await brokerErrorOf(() => once(throughLink, keychain))).code).toBe('E_STORE_ROLLED_BACK');
  });
});

describe('a store whose last state seen is in a file', () => {
  it.each([
    ['lost its content in a power cut', ''],
    ['was damaged', '{"half'],
  ])('opens with a warning if it %s', async (_, text) => {
    const settings = await testSettings();
    await once(settings, noKeychain, store('acme'));
    const seen = join(settings.home, 'key.jwk.seen');
    const warnings: string[] = [];
    const open = async () =>
      await closeVault(
        await openVault(settings, {
          ...offline,
          keychain: noKeychain,
          now: () => today,
          onWarning: (text) => warnings.push(text),
        }),
      );
    writeFileSync(seen, text);
    await open();
    const unchecked = 'so the database was not checked for a rollback.';
    expect(warnings).toEqual([expect.stringContaining(`${seen} is damaged or cannot be read, ${unchecked}`)]);
    // The state is known again.
    await open();
    expect(warnings).toHaveLength(1);
  });

  it('opens with a warning if the file with its last data keys was damaged', async () => {
    const settings = await testSettings();
    await once(settings, noKeychain, store('acme'));
    const warnings: string[] = [];
    const options = {
      ...offline,
      keychain: noKeychain,
      now: () => today,
      onWarning: (text: string) => warnings.push(text),
    };
    for (const name of readdirSync(settings.home).filter((each) => each.endsWith('.keys.seen'))) {
      const file = join(settings.home, name);
      writeFileSync(file, '{"half');
      await closeVault(await openVault(settings, options));
      expect(warnings.splice(0)).toEqual([
        expect.stringContaining(`${file} is damaged or cannot be read, so the data keys were not checked`),
      ]);
    }
    // The data keys are known again.
    await closeVault(await openVault(settings, options));
    expect(warnings).toEqual([]);
    expect.assertions(2);
  });
});
