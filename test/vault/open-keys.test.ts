import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { writeKeyFile } from '../../src/crypto/key-file.ts';
import type { Keychain } from '../../src/crypto/keychain.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { runScript } from '../support/run-script.ts';
import { engine } from '../support/store/engines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { actor, newVault, noKeychain, testSettings, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const token = usualToken();

/** A keychain as desktops have one. `says`: the error that it returns if it does not work. */
function fakeKeychain(): Keychain & { keys: Map<string, Buffer>; says: string | null } {
  const answer = <T>(act: () => T): Promise<T> => {
    if (keychain.says !== null) return Promise.reject(new Error(keychain.says));
    return Promise.resolve(act());
  };
  const keychain = {
    keys: new Map<string, Buffer>(),
    says: null as string | null,
    get: (id: string) => answer(() => keychain.keys.get(id) ?? null),
    set: (id: string, key: Uint8Array) => answer(() => void keychain.keys.set(id, Buffer.from(key))),
    delete: (id: string) => answer(() => void keychain.keys.delete(id)),
  };
  return keychain;
}

/** The keys in it, which also has the last state seen of the store. */
const keysIn = ({ keys }: { keys: Map<string, Buffer> }) =>
  [...keys.keys()].filter((name) => !name.startsWith('seen-'));

const keyFile = (settings: Settings) => join(settings.home, 'key.jwk');

/** A store with a token in it, made with these settings, and the way to open it again. */
async function stored(changes: Partial<Settings>, keychain: Keychain) {
  const settings = { ...(await testSettings()), ...changes };
  const vault = await newVault(undefined, { settings, keychain });
  await importToken(vault, { profile: 'acme' }, token, actor);
  const reopen = (other: Partial<Settings> = {}, otherKeychain = keychain) =>
    newVault(undefined, { settings: { ...settings, ...other }, keychain: otherKeychain });
  const keys = async () =>
    await vault.db.selectFrom('key_encryption_key').select(['id', 'kind']).orderBy('id').execute();
  return { settings, vault, reopen, keys };
}

/** The last resort if a key is lost for good. */
const startOver =
  engine === 'sqlite'
    ? 'set WEBEX_TOKEN_HOME to a new folder and sign in again'
    : 'set WEBEX_TOKEN_DATABASE_URL to an empty database and sign in again';

describe('openKeys, with a keychain', () => {
  it('keeps the key in the keychain, and not on disk', async () => {
    const keychain = fakeKeychain();
    const { vault, reopen, settings, keys } = await stored({}, keychain);
    expect(vault.notices).toEqual([]);
    expect(keysIn(keychain)).toHaveLength(1);
    expect(await keys()).toEqual([{ id: keysIn(keychain)[0], kind: 'keychain' }]);
    expect((await readToken(await reopen(), 'acme', actor)).accessToken).toBe(token);
    expect(existsSync(keyFile(settings))).toBe(false);
    const [key] = keychain.keys.values();
    for (const name of readdirSync(settings.home)) {
      expect(readFileSync(join(settings.home, name)).includes(key ?? '')).toBe(false);
    }
  });

  it('reports a locked, refused, missing or emptied keychain, each with its own remedy and never with a new key', async () => {
    const keychain = fakeKeychain();
    const { reopen, settings, keys } = await stored({}, keychain);
    const before = await keys();
    const errors = [];
    for (const says of [
      'Cannot get secret of a locked object',
      'Secret Service: unlock prompt was dismissed',
      'DBus error: Failed to connect to socket /run/user/1000/bus: Permission denied',
    ]) {
      keychain.says = says;
      errors.push(await brokerErrorOf(() => reopen()));
    }
    keychain.says = null;
    errors.push(await brokerErrorOf(() => reopen({}, fakeKeychain())));
    expect(errors.map(({ code }) => code)).toEqual([
      'E_KEYCHAIN_LOCKED',
      'E_KEYCHAIN_REFUSED',
      'E_KEYCHAIN',
      'E_KEY_LOST',
    ]);
    expect(new Set(errors.map(({ message }) => message)).size).toBe(4);
    expect(new Set(errors.map(({ help }) => help)).size).toBe(4);
    for (const { help } of errors) expect(help).toContain('Nothing was changed');
    expect(errors.at(-1)?.help).toContain(startOver);
    expect(await keys()).toEqual(before);
    expect(keysIn(keychain)).toHaveLength(1);
    expect(existsSync(keyFile(settings))).toBe(false);
    expect((await readToken(await reopen(), 'acme', actor)).accessToken).toBe(token);
  });

  it('reports a keychain with something else under the name of the key', async () => {
    const keychain = fakeKeychain();
    const { reopen } = await stored({}, keychain);
    for (const id of keychain.keys.keys()) keychain.keys.set(id, randomBytes(32));
    expect(await brokerErrorOf(() => reopen())).toMatchObject({ code: 'E_KEY_LOST' });
  });

  it('uses the key of another first run that was faster', async () => {
    const keychain = fakeKeychain();
    const settings = await testSettings();
    let other: Promise<unknown> | undefined;
    const slow: Keychain = {
      ...keychain,
      get: async (id) => {
        other ??= newVault(undefined, { settings, keychain });
        await other;
        return await keychain.get(id);
      },
    };
    const vault = await newVault(undefined, { settings, keychain: slow });
    await importToken(vault, { profile: 'acme' }, token, actor);
    expect(keysIn(keychain)).toHaveLength(1);
    const again = await newVault(undefined, { settings, keychain });
    expect((await readToken(again, 'acme', actor)).accessToken).toBe(token);
  });
});

describe('openKeys, without a keychain at the first run', () => {
  it('creates a key file for its owner alone, and warns once', async () => {
    const { vault, reopen, settings, keys } = await stored({}, noKeychain);
    expect(statSync(keyFile(settings)).mode & 0o777).toBe(0o600);
    expect(statSync(settings.home).mode & 0o777).toBe(0o700);
    expect(vault.notices).toHaveLength(1);
    expect(vault.notices[0]).toContain(keyFile(settings));
    expect(vault.notices[0]).toContain('Anyone who can read that file and the database can read the tokens');
    expect(vault.notices[0]).not.toContain('no keychain in tests');
    const again = await reopen();
    expect(again.notices).toEqual([]);
    expect((await readToken(again, 'acme', actor)).accessToken).toBe(token);
    expect(await keys()).toMatchObject([{ kind: 'file' }]);
  });

  it('does not use a keychain that does not return what it stored', async () => {
    const forgetful = { ...fakeKeychain(), get: () => Promise.resolve(null) };
    const { settings, keys } = await stored({}, forgetful);
    expect(existsSync(keyFile(settings))).toBe(true);
    expect(await keys()).toMatchObject([{ kind: 'file' }]);
  });

  it.each(['The keychain is locked', 'Prompt dismissed', 'The operation was aborted due to timeout'])(
    'does not ignore a keychain that waits for the person (%s)',
    async (says) => {
      const keychain = fakeKeychain();
      keychain.says = says;
      const settings = await testSettings();
      const error = await brokerErrorOf(() => openVault(settings, { keychain }));
      expect(error.code).toMatch(/^E_KEYCHAIN_(LOCKED|REFUSED)$/);
      expect(error.help).toMatch(/WEBEX_TOKEN_KEY_FILE/);
      expect(existsSync(keyFile(settings))).toBe(false);
      keychain.says = null;
      await newVault(undefined, { settings, keychain });
      expect(keysIn(keychain)).toHaveLength(1);
    },
  );

  it('opens the store that another first run has created meanwhile', async () => {
    const settings = await testSettings();
    const keychain = fakeKeychain();
    const { get } = keychain;
    // The store was found empty, and the last state seen of it is looked up.
    keychain.get = async (id) => {
      keychain.get = get;
      const other = await openVault(settings, { keychain, now: () => today });
      await importToken(other, { profile: 'acme' }, token, actor);
      await closeVault(other);
      return await get(id);
    };
    const vault = await newVault(undefined, { settings, keychain });
    expect(keychain.get).toBe(get);
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(token);
  });

  it('creates one key in three first runs at the same time', async () => {
    const settings = await testSettings();
    const script = join(import.meta.dirname, '../support/processes/create-store.ts');
    const instant = String(Date.now() + 900);
    const tokens = ['A', 'B', 'C'].map((filler) => usualToken({ filler }));
    await Promise.all(
      tokens.map((each, at) => {
        const more = [settings.databaseUrl ?? '', instant, `profile-${at}`, each];
        return runScript(script, [settings.home, ...more]).done;
      }),
    );
    const vault = await newVault(undefined, { settings });
    for (const [at, each] of tokens.entries()) {
      expect((await readToken(vault, `profile-${at}`, actor)).accessToken).toBe(each);
    }
    const count = async (table: 'key_encryption_key' | 'wrapped_data_key') =>
      (await vault.db.selectFrom(table).selectAll().execute()).length;
    expect([await count('key_encryption_key'), await count('wrapped_data_key')]).toEqual([1, 1]);
    expect(
      readdirSync(settings.home)
        .filter((name) => name.startsWith('key') && !name.endsWith('.seen'))
        .sort(),
    ).toEqual(['key.jwk']);
  });
});

describe('openKeys, with a key file', () => {
  it('creates a missing key file that was named, without using a keychain', async () => {
    const path = join(temporaryFolder(), 'elsewhere.jwk');
    const { vault, reopen } = await stored({ keyFile: path }, noKeychain);
    expect(vault.notices).toEqual([]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await readToken(await reopen(), 'acme', actor)).accessToken).toBe(token);
  });

  it('uses an existing key file', async () => {
    const path = join(temporaryFolder(), 'key');
    const text = `${randomBytes(32).toString('base64')}\n`;
    writeFileSync(path, text, { mode: 0o600 });
    await stored({ keyFile: path }, noKeychain);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('reports a key file that is missing, wrong or accessible to others, and never creates a new key', async () => {
    const { settings, reopen, keys } = await stored({}, noKeychain);
    const path = keyFile(settings);
    const key = readFileSync(path);
    rmSync(path);
    const gone = await brokerErrorOf(() => reopen());
    expect(gone).toMatchObject({ code: 'E_KEY_LOST', help: expect.stringContaining('WEBEX_TOKEN_KEY_FILE') });
    expect(gone.help).toContain(startOver);
    expect(existsSync(path)).toBe(false);
    writeKeyFile(path, randomBytes(32));
    expect(await brokerErrorOf(() => reopen())).toMatchObject({
      code: 'E_KEY_LOST',
      message: expect.stringContaining('does not contain a key of this store'),
      help: expect.stringContaining(startOver),
    });
    rmSync(path);
    writeFileSync(path, key, { mode: 0o600 });
    chmodSync(path, 0o640);
    expect(await brokerErrorOf(() => reopen())).toMatchObject({ code: 'E_FILE_PERMISSIONS' });
    chmodSync(path, 0o600);
    expect((await readToken(await reopen(), 'acme', actor)).accessToken).toBe(token);
    expect(await keys()).toHaveLength(1);
  });

  it('reports a missing folder', async () => {
    const path = join(temporaryFolder(), 'none', 'key.jwk');
    const error = await brokerErrorOf(() => stored({ keyFile: path }, noKeychain));
    expect(error).toMatchObject({ code: 'E_KEY_FILE', message: expect.stringContaining(path) });
  });
});

describe('openKeys, with a passphrase', () => {
  const passphrase = 'six words that nobody would guess';

  it('opens the store with its passphrase, and with no other', async () => {
    const { reopen, settings, keys } = await stored({ passphrase }, noKeychain);
    expect(existsSync(keyFile(settings))).toBe(false);
    expect((await readToken(await reopen(), 'acme', actor)).accessToken).toBe(token);
    const wrong = await brokerErrorOf(() => reopen({ passphrase: `${passphrase} ` }));
    expect(wrong).toMatchObject({
      code: 'E_KEY_PASSPHRASE',
      message: expect.stringContaining('not this store'),
    });
    const none = await brokerErrorOf(() => reopen({ passphrase: null }));
    expect(none).toMatchObject({
      code: 'E_KEY_PASSPHRASE',
      help: expect.stringContaining('WEBEX_TOKEN_PASSPHRASE'),
    });
    expect(wrong.message).not.toBe(none.message);
    for (const { help } of [wrong, none]) expect(help).toContain(startOver);
    expect(await keys()).toMatchObject([{ kind: 'passphrase' }]);
    expect(existsSync(keyFile(settings))).toBe(false);
  });
});

describe('openKeys, and the data folder', () => {
  it.each([0o755, 0o750, 0o711])('refuses a folder that others can open (%o)', async (mode) => {
    const { settings, reopen } = await stored({}, noKeychain);
    chmodSync(settings.home, mode);
    const error = await brokerErrorOf(() => reopen());
    expect(error).toMatchObject({
      code: 'E_FILE_PERMISSIONS',
      help: `Restrict it: chmod 700 '${settings.home}'`,
    });
  });

  it('reports a folder that cannot be created', async () => {
    const settings = await testSettings();
    writeFileSync(`${dirname(settings.home)}/file`, '');
    for (const home of [`${dirname(settings.home)}/file`, `${dirname(settings.home)}/file/home`]) {
      const error = await brokerErrorOf(() => openVault({ ...settings, home }, { keychain: noKeychain }));
      expect(error).toMatchObject({ code: 'E_HOME', help: expect.stringContaining('WEBEX_TOKEN_HOME') });
    }
  });
});

describe('openKeys', () => {
  it('reports an altered data key with a remedy', async () => {
    const { vault, reopen } = await stored({}, noKeychain);
    await vault.db.updateTable('wrapped_data_key').set({ jwe: 'altered' }).execute();
    const error = await brokerErrorOf(() => reopen());
    expect(error).toMatchObject({ code: 'E_INTEGRITY', help: expect.stringContaining('backup') });
  });

  it('creates the first key once, with the time of the clock', async () => {
    const { vault } = await stored({}, noKeychain);
    const rows = await vault.db.selectFrom('key_encryption_key').select('created_at').execute();
    expect(rows).toEqual([{ created_at: today }]);
  });
});
