import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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

describe('from one kind to another', () => {
  onSqlite(
    'keychain to file to passphrase to keychain: every token opens, and only the new key is left',
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

  test('a new key of the same kind', async () => {
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

  test('a key file that was named is kept: other stores may use it', async () => {
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

  test('a keychain that does not work: said, and nothing is changed', async () => {
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

describe('the old key goes only once the new one is proven', () => {
  test('a keychain that loses what it was given: the old one stays', async () => {
    const keychain = memoryKeychain();
    const { open } = await machine({}, keychain);
    const vault = await open();
    const stored = await storeTokens(vault, 1);
    const [old] = keychain.entries.keys();
    let asked = 0;
    const { get } = keychain;
    keychain.get = (id) => {
      asked += 1;
      // It gives the new key back once, at its making, and never again.
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

  test('another host uses the old one: it stays, and this is reported', async () => {
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

test('several processes at once, and a data key rotated meanwhile: one key is left, and opens everything', async () => {
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

test('a key file that is no key is not taken, and nothing is changed', async () => {
  const { settings, open } = await machine();
  const vault = await open();
  await storeTokens(vault, 1);
  writeFileSync(join(settings.home, 'key.jwk'), 'not a key', { mode: 0o600 });
  expect((await brokerErrorOf(() => replaceKey(vault, { kind: 'file' }, actor))).code).toBe('E_KEY_FILE');
  expect((await keyStatus(await open())).keys).toMatchObject([{ kind: 'keychain' }]);
});
