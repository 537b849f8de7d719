import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { keyStatus } from '../../src/vault/key-operations/key-status.ts';
import { replaceKey } from '../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { onSqlite } from '../support/store/engines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { changeKeys, memoryKeychain, openAll, storeTokens } from '../support/vault/key-hosts.ts';
import { actor, newVault, testSettings, today } from '../support/vault/test-vault.ts';

// A real passphrase costs some tenths of a second each time it is used.
const passphrase = 'six words that nobody would guess';

async function machine(changes: Partial<Settings> = {}, keychain = memoryKeychain()) {
  const settings = { ...(await testSettings()), ...changes };
  const open = (more: Partial<Settings> = {}) =>
    newVault(undefined, { settings: { ...settings, ...more }, keychain });
  return { settings, keychain, open };
}

const keyFiles = ({ home }: Settings) =>
  readdirSync(home).filter((name) => name.startsWith('key.jwk') && !name.endsWith('.seen'));

describe('replaceKey', () => {
  onSqlite(
    'keeps every token readable from keychain to file to passphrase to keychain, and leaves only the new key',
    async () => {
      const { settings, keychain, open } = await machine();
      const vault = await open();
      const stored = await storeTokens(vault, 3);

      expect(await replaceKey(vault, { kind: 'file' }, actor)).toMatchObject({
        oldKey: { kind: 'keychain' },
        newKey: { kind: 'file' },
        usedBy: [],
      });
      expect([...keychain.entries.keys()].filter((name) => !name.startsWith('seen'))).toEqual([]);
      expect(keyFiles(settings)).toEqual(['key.jwk']);
      const byFile = await open();
      expect(await openAll(byFile, stored.keys())).toEqual(stored);

      await replaceKey(byFile, { kind: 'passphrase', passphrase }, actor);
      expect(keyFiles(settings)).toEqual([]);
      expect((await brokerErrorOf(() => open())).code).toBe('E_KEY_PASSPHRASE');
      expect((await brokerErrorOf(() => open({ passphrase: `${passphrase}!` }))).code).toBe(
        'E_KEY_PASSPHRASE',
      );
      const byPassphrase = await open({ passphrase });
      expect(await openAll(byPassphrase, stored.keys())).toEqual(stored);

      await replaceKey(byPassphrase, { kind: 'keychain' }, actor);
      const byKeychain = await open();
      expect((await keyStatus(byKeychain)).keys).toMatchObject([{ kind: 'keychain', usedHere: true }]);
      expect(await openAll(byKeychain, stored.keys())).toEqual(stored);
    },
  );

  it('replaces a key by another of the same kind', async () => {
    const { settings, open, keychain } = await machine();
    const vault = await open();
    const stored = await storeTokens(vault, 1);
    const [first] = keychain.entries.keys();
    await replaceKey(vault, { kind: 'keychain' }, actor);
    expect([...keychain.entries.keys()]).not.toContain(first);
    await replaceKey(await open(), { kind: 'file' }, actor);
    const { newKey } = await replaceKey(await open(), { kind: 'file' }, actor);
    expect(keyFiles(settings)).toEqual(['key.jwk']);
    const last = await open();
    expect((await keyStatus(last)).keys).toMatchObject([{ id: newKey.id }]);
    expect(await openAll(last, stored.keys())).toEqual(stored);
  });

  it('keeps a named key file, which other stores may use', async () => {
    const keyFile = join(temporaryFolder(), 'shared.jwk');
    const { open } = await machine({ keyFile });
    const vault = await open();
    const stored = await storeTokens(vault, 1);
    await replaceKey(vault, { kind: 'file' }, actor);
    const folder = readdirSync(join(keyFile, '..')).filter((name) => !name.endsWith('.seen'));
    expect(folder.sort()).toEqual(['shared.jwk', expect.stringMatching(/^shared\.jwk\.replaced-/)]);
    expect(await openAll(await open(), stored.keys())).toEqual(stored);
    await replaceKey(await open(), { kind: 'keychain' }, actor);
    expect(existsSync(keyFile)).toBe(true);
  });

  it('reports a keychain that does not work, and changes nothing', async () => {
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings });
    const stored = await storeTokens(vault, 1);
    expect((await brokerErrorOf(() => replaceKey(vault, { kind: 'keychain' }, actor))).code).toBe(
      'E_KEYCHAIN',
    );
    const status = await keyStatus(vault);
    expect(status).toMatchObject({ keys: [{ kind: 'file' }], unfinished: null });
    expect(await openAll(await newVault(undefined, { settings }), stored.keys())).toEqual(stored);
  });
});

describe('replaceKey, and the old key', () => {
  it('keeps the old key if the keychain loses the new one', async () => {
    const keychain = memoryKeychain();
    const { open } = await machine({}, keychain);
    const vault = await open();
    const stored = await storeTokens(vault, 1);
    const [old] = keychain.entries.keys();
    let asked = 0;
    const { get } = keychain;
    keychain.get = (id) => {
      // The last state seen of the store, which is read every few seconds.
      if (id.startsWith('seen-')) return get(id);
      asked += 1;
      // It returns the new key once, when it is created, and never again.
      return id === old || asked <= 1 ? get(id) : Promise.resolve(null);
    };
    expect((await brokerErrorOf(() => replaceKey(vault, { kind: 'keychain' }, actor))).code).toBe(
      'E_KEY_LOST',
    );
    expect(await openAll(await open(), stored.keys())).toEqual(stored);
    keychain.get = get;
    await replaceKey(await open(), { kind: 'keychain' }, actor);
    const status = await keyStatus(await open());
    expect(status).toMatchObject({ keys: [{ kind: 'keychain' }], unfinished: null });
  });

  it('accepts the new key if a data key is added while it is verified', async () => {
    const { open } = await machine();
    const [vault, other] = [await open(), await open()];
    const stored = await storeTokens(vault, 2);
    const { keys } = vault;
    const refresh = keys.refresh.bind(keys);
    keys.refresh = async (db) => {
      // The transaction that adds the new key.
      if (db?.isTransaction) return await refresh(db);
      keys.refresh = refresh;
      // The data keys of the new key have been read by now.
      await rotateDataKey(other, actor);
      await refresh(db);
    };
    expect(await replaceKey(vault, { kind: 'file' }, actor)).toMatchObject({ newKey: { kind: 'file' } });
    expect(keys.refresh).toBe(refresh);
    const after = await open();
    expect(await keyStatus(after)).toMatchObject({ keys: [{ kind: 'file' }], unfinished: null });
    expect(await openAll(after, stored.keys())).toEqual(stored);
  });

  it('keeps the old key if another host uses it, and reports that', async () => {
    const { open } = await machine();
    const vault = await open();
    await storeTokens(vault, 1);
    const [key] = (await keyStatus(vault)).keys;
    await vault.db
      .insertInto('key_host')
      .values({ key_encryption_key_id: key?.id ?? '', host: 'elsewhere', seen_at: vault.now() })
      .execute();
    vault.setNow(today + 1);
    expect(await replaceKey(vault, { kind: 'file' }, actor)).toMatchObject({ usedBy: ['elsewhere'] });
    const { keys } = await keyStatus(await open());
    expect(keys).toMatchObject([
      { kind: 'keychain', usedHere: false },
      { kind: 'file', usedHere: true },
    ]);
  });
});

describe('replaceKey, in several processes', () => {
  it('leaves one key that opens everything, even if a data key is rotated in the meantime', async () => {
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings });
    const stored = await storeTokens(vault, 10);
    const printed = await Promise.all(changeKeys(settings, ['file', 'rotate', 'file']));
    const after = await newVault(undefined, { settings });
    const { keys } = await keyStatus(after);
    expect(keys).toHaveLength(1);
    expect(printed).toContain(keys[0]?.id);
    expect(await openAll(after, stored.keys())).toEqual(stored);
    await rotateDataKey(after, actor);
    expect(await openAll(await newVault(undefined, { settings }), stored.keys())).toEqual(stored);
  });

  it('refuses an invalid key file, and changes nothing', async () => {
    const { settings, open } = await machine();
    const vault = await open();
    await storeTokens(vault, 1);
    writeFileSync(join(settings.home, 'key.jwk'), 'not a key', { mode: 0o600 });
    expect((await brokerErrorOf(() => replaceKey(vault, { kind: 'file' }, actor))).code).toBe('E_KEY_FILE');
    expect((await keyStatus(await open())).keys).toMatchObject([{ kind: 'keychain' }]);
  });
});
