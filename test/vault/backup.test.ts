import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import type { Schema } from '../../src/store/database/schema.ts';
import { tables } from '../../src/store/database/tables.ts';
import { newestMigration } from '../../src/store/migrations/newest.ts';
import { newStoreAsOf, openStore } from '../../src/store/store.ts';
import { type RestoreOptions, restoreBackup } from '../../src/vault/backup/restore.ts';
import { excludedTables, includedTables, writeBackup } from '../../src/vault/backup/write.ts';
import type { Vault } from '../../src/vault/context.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { engine, onSqlite } from '../support/store/engines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { memoryKeychain, openAll, storeTokens } from '../support/vault/key-hosts.ts';
import {
  actor,
  auditLog,
  filesHolding,
  newVault,
  noKeychain,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const passphrase = 'six words that nobody would guess';
const program = '1.2.3';

async function backedUp(options: { passphrase?: string } = {}, tokens = 3) {
  const vault = await newVault();
  const stored = await storeTokens(vault, tokens);
  const file = join(temporaryFolder(), 'store.backup');
  const written = await writeBackup(vault, file, actor, { program, ...options });
  return { vault, stored, file, written };
}

/** A new machine. */
async function cleanMachine(changes: Partial<Settings> = {}): Promise<RestoreOptions> {
  const settings = { ...(await testSettings()), ...changes };
  return { settings, keychain: noKeychain, now: () => today, actor, onWarning: () => {} };
}

const keyFileOf = ({ settings }: Vault) => join(settings.home, 'key.jwk');

describe('a backup', () => {
  it('is one file that only its owner can read, and reveals nothing of its content', async () => {
    const { file, stored, written, vault } = await backedUp();
    expect(readdirSync(dirname(file))).toEqual(['store.backup']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(written).toMatchObject({ path: file, bytes: statSync(file).size });
    for (const token of stored.values()) expect(filesHolding(dirname(file), token)).toEqual([]);
    // The first line has the names of the keys, which have those of the person and the host.
    const [, ...encrypted] = readFileSync(file, 'utf8').split('\n');
    expect(encrypted.join()).not.toMatch(/profile-0|ada@/);
    expect((await auditLog(vault)).at(-1)).toBe('backup ok -');
  });

  it('never overwrites a file, and leaves nothing behind after a failure', async () => {
    const { file, vault } = await backedUp();
    const before = readFileSync(file);
    const error = await brokerErrorOf(() => writeBackup(vault, file, actor, { program }));
    expect(error.code).toBe('E_FILE_EXISTS');
    expect(readFileSync(file)).toEqual(before);
    const nowhere = join(temporaryFolder(), 'none', 'store.backup');
    expect((await brokerErrorOf(() => writeBackup(vault, nowhere, actor, { program }))).code).toBe('E_FILE');
    await vault.db.schema.dropTable('counter').execute();
    const cut = join(temporaryFolder(), 'store.backup');
    await expect(writeBackup(vault, cut, actor, { program })).rejects.toThrow();
    expect(readdirSync(dirname(cut))).toEqual([]);
  });

  it('contains every table that is not excluded on purpose', () => {
    expect([...includedTables, ...excludedTables].sort()).toEqual([...tables].sort());
    const named: Record<keyof Schema, true> = Object.fromEntries(
      tables.map((table) => [table, true]),
    ) as Record<keyof Schema, true>;
    expect(Object.keys(named)).toHaveLength(tables.length);
    expect(excludedTables).toEqual(['sign_in', 'web_session', 'access_link', 'relay_traffic', 'relay_state']);
  });

  it('contains the state of one instant while others write', async () => {
    const { vault } = await backedUp({}, 2);
    const file = join(temporaryFolder(), 'store.backup');
    const other = await newVault(undefined, { settings: vault.settings });
    let writing: Promise<unknown> | null = null;
    await writeBackup(vault, file, actor, {
      program,
      progress: () => {
        writing ??= importToken(other, { profile: 'meanwhile' }, usualToken({ filler: 'M' }), actor);
      },
    });
    await writing;
    const clean = await cleanMachine();
    const restored = await restoreBackup(file, { ...clean, keyFile: keyFileOf(vault) });
    expect(restored).toMatchObject({ profiles: 2, tokens: 2 });
  });
});

describe('a backup restored on a new machine', () => {
  it('restores every token under a new key with the key file of the other host', async () => {
    const { file, stored, vault } = await backedUp();
    const clean = await cleanMachine();
    expect((await brokerErrorOf(() => restoreBackup(file, clean))).code).toBe('E_BACKUP_KEY');
    const missing = { ...clean, keyFile: join(temporaryFolder(), 'key.jwk') };
    const { help } = await brokerErrorOf(() => restoreBackup(file, missing));
    expect(help).toContain(`The key file ${missing.keyFile} does not exist.`);
    const restored = await restoreBackup(file, { ...clean, keyFile: keyFileOf(vault) });
    expect(restored).toMatchObject({ profiles: 3, tokens: 3, previous: null, newKey: 'file' });
    const again = await newVault(undefined, { settings: clean.settings });
    expect(await openAll(again, stored.keys())).toEqual(stored);
    expect((await auditLog(again)).filter((row) => row.startsWith('restore'))).toEqual(['restore ok -']);
    expect(readdirSync(clean.settings.home).filter((name) => name.startsWith('restore-'))).toEqual([]);
  });

  it('creates no new key if the key file was put in its place', async () => {
    const { file, stored, vault } = await backedUp();
    const clean = await cleanMachine();
    mkdirSync(clean.settings.home, { recursive: true, mode: 0o700 });
    copyFileSync(keyFileOf(vault), join(clean.settings.home, 'key.jwk'));
    expect(await restoreBackup(file, clean)).toMatchObject({ newKey: null });
    expect(await openAll(await newVault(undefined, { settings: clean.settings }), stored.keys())).toEqual(
      stored,
    );
  });

  onSqlite('opens with the passphrase of the backup, and puts the new key into a keychain', async () => {
    const { file, stored } = await backedUp({ passphrase });
    const keychain = memoryKeychain();
    const clean = { ...(await cleanMachine()), keychain };
    const wrong = { ...clean, passphrase: `${passphrase}?` };
    expect((await brokerErrorOf(() => restoreBackup(file, wrong))).message).toMatch(/not the passphrase/);
    expect(await restoreBackup(file, { ...clean, passphrase })).toMatchObject({ newKey: 'keychain' });
    const again = await newVault(undefined, { settings: clean.settings, keychain });
    expect(await openAll(again, stored.keys())).toEqual(stored);
  });

  onSqlite('opens with the passphrase of the host', async () => {
    const settings = { ...(await testSettings()), passphrase };
    const vault = await newVault(undefined, { settings });
    const stored = await storeTokens(vault, 1);
    const file = join(temporaryFolder(), 'store.backup');
    await writeBackup(vault, file, actor, { program });
    const clean = await cleanMachine({ passphrase });
    const wrong = { ...(await cleanMachine()), passphrase: `${passphrase}?` };
    const error = await brokerErrorOf(() => restoreBackup(file, wrong));
    expect(error.code).toBe('E_BACKUP_KEY');
    expect(error.help).toContain('The given passphrase is wrong');
    expect(await restoreBackup(file, clean)).toMatchObject({ newKey: null, tokens: 1 });
    expect(await openAll(await newVault(undefined, { settings: clean.settings }), stored.keys())).toEqual(
      stored,
    );
  });

  it('names its schema, and is refused if it is from before the first release', async () => {
    const { file } = await backedUp({}, 1);
    const [first = ''] = readFileSync(file, 'utf8').split('\n');
    expect(JSON.parse(first)).toMatchObject({ schema: newestMigration, program });
    const staging = join(temporaryFolder(), 'old.db');
    const error = await brokerErrorOf(() => newStoreAsOf(staging, '013-reminders'));
    expect(error).toMatchObject({
      code: 'E_STORE',
      message: expect.stringContaining('before the first release'),
    });
    expect((await brokerErrorOf(() => newStoreAsOf(staging, '999-later'))).code).toBe('E_STORE_NEWER');
  });
});

describe('a backup restored over an existing store', () => {
  it('keeps the previous store, and running processes continue with the restored one', async () => {
    const { file, stored, vault } = await backedUp();
    await removeProfile(vault, 'profile-0', actor);
    await importToken(vault, { profile: 'newer' }, usualToken({ filler: 'N' }), actor);
    const running = await newVault(undefined, { settings: vault.settings });
    const options = { ...(await cleanMachine()), settings: vault.settings };
    const { previous, newKey } = await restoreBackup(file, options);
    expect(newKey).toBeNull();
    expect(await openAll(running, stored.keys())).toEqual(stored);
    await expect(readToken(running, 'newer', actor)).rejects.toThrow(/No profile/);
    expect(await openAll(await newVault(undefined, { settings: vault.settings }), stored.keys())).toEqual(
      stored,
    );

    const kept = await openStore(previous ?? '');
    const profiles = await kept.selectFrom('profile').select('name').orderBy('name').execute();
    await kept.destroy();
    expect(profiles.map(({ name }) => name)).toEqual(['newer', 'profile-1', 'profile-2']);
    expect(statSync(previous ?? '').mode & 0o777).toBe(0o600);
  });

  it('leaves no copy of the store if it was not replaced', async () => {
    const { vault, file, stored } = await backedUp();
    const options: RestoreOptions = {
      ...(await cleanMachine()),
      settings: vault.settings,
      progress: (title) => {
        if (title.startsWith('Restoring')) throw new Error('no room on the disk');
      },
    };
    await expect(restoreBackup(file, options)).rejects.toThrow('no room on the disk');
    expect(readdirSync(vault.settings.home).filter((name) => name.includes('restore'))).toEqual([]);
    expect(await openAll(vault, stored.keys())).toEqual(stored);
  });

  it('works if the data key has been rotated since', async () => {
    const { file, stored, vault } = await backedUp();
    await rotateDataKey(vault, actor);
    const running = await newVault(undefined, { settings: vault.settings });
    await restoreBackup(file, { ...(await cleanMachine()), settings: vault.settings });
    expect(await openAll(running, stored.keys())).toEqual(stored);
    await importToken(running, { profile: 'later' }, usualToken({ filler: 'L' }), actor);
    const again = await newVault(undefined, { settings: vault.settings });
    expect((await readToken(again, 'later', actor)).accessToken).toBe(usualToken({ filler: 'L' }));
  });

  onSqlite('keeps a damaged store and prints its path', async () => {
    const { file, stored, vault } = await backedUp();
    const { settings } = vault;
    await vault.db.destroy();
    const garbage = 'no longer a database\n'.repeat(1000);
    for (const suffix of ['-wal', '-shm']) {
      if (existsSync(`${storeLocation(settings)}${suffix}`))
        writeFileSync(`${storeLocation(settings)}${suffix}`, '');
    }
    writeFileSync(storeLocation(settings), garbage);
    const error = await brokerErrorOf(() => newVault(undefined, { settings }));
    expect(error).toMatchObject({ code: 'E_STORE_DAMAGED', help: expect.stringContaining('restore') });
    const { previous } = await restoreBackup(file, { ...(await cleanMachine()), settings });
    expect(readFileSync(previous ?? '', 'utf8')).toBe(garbage);
    expect(await openAll(await newVault(undefined, { settings }), stored.keys())).toEqual(stored);
  });
});

describe.runIf(engine === 'sqlite')('a backup that cannot be trusted', () => {
  const withHeader = (lines: string[], change: object) =>
    [JSON.stringify({ ...JSON.parse(lines[0] ?? ''), ...change }), ...lines.slice(1)].join('\n');

  it.each<[string, string, (lines: string[]) => string]>([
    ['empty', 'E_BACKUP', () => ''],
    ['something else', 'E_BACKUP', () => 'a picture of a cat\n'],
    ['JSON of something else', 'E_BACKUP', () => '{"version":1}\n'],
    ['cut after its first line', 'E_BACKUP', ([first]) => `${first}\n`],
    ['cut within a line', 'E_BACKUP', (lines) => lines.join('\n').slice(0, -20)],
    ['without its last line feed', 'E_BACKUP', (lines) => lines.join('\n').trimEnd()],
    ['a line twice', 'E_BACKUP', (lines) => [lines[0], lines[1], lines[1], ''].join('\n')],
    ['without its last line', 'E_BACKUP', (lines) => [...lines.slice(0, -2), ''].join('\n')],
    ['another ID', 'E_BACKUP', (lines) => withHeader(lines, { id: crypto.randomUUID() })],
    ['another date', 'E_BACKUP', (lines) => withHeader(lines, { createdAt: '2020-01-01T00:00:00Z' })],
    ['no keys', 'E_BACKUP_KEY', (lines) => withHeader(lines, { keys: [], dataKeys: [] })],
    ['a newer format', 'E_BACKUP_NEWER', (lines) => withHeader(lines, { 'webex-token-backup': 2 })],
    ['tables of a newer version', 'E_STORE_NEWER', (lines) => withHeader(lines, { schema: '999-later' })],
    ['lines without end', 'E_BACKUP', (lines) => lines.join('\n') + 'x'.repeat(17 << 20)],
  ])('changes nothing if it is %s', async (_, code, change) => {
    const { file, vault, stored } = await backedUp({}, 1);
    writeFileSync(file, change(readFileSync(file, 'utf8').split('\n')));
    const options = { ...(await cleanMachine()), settings: vault.settings };
    expect((await brokerErrorOf(() => restoreBackup(file, options))).code).toBe(code);
    expect(await openAll(vault, stored.keys())).toEqual(stored);
    expect(readdirSync(vault.settings.home).filter((name) => /restore|damaged/.test(name))).toEqual([]);
  });

  it('is named a database if it is a store, such as one that a restore kept', async () => {
    const { file, vault } = await backedUp({}, 1);
    const options = { ...(await cleanMachine()), settings: vault.settings };
    const { previous } = await restoreBackup(file, options);
    const error = await brokerErrorOf(() => restoreBackup(previous ?? '', options));
    expect(error).toMatchObject({ code: 'E_BACKUP', message: 'The file is a database, not a backup.' });
  });

  it('changes nothing if any byte was flipped', async () => {
    const { file, vault } = await backedUp({}, 1);
    const bytes = readFileSync(file);
    const options = { ...(await cleanMachine()), settings: vault.settings };
    // Each takes a while: here a spread of them, all of them with WEBEX_TOKEN_TEST_LONG.
    const step = process.env.WEBEX_TOKEN_TEST_LONG === undefined ? Math.ceil(bytes.length / 12) : 1;
    for (let at = 0; at < bytes.length; at += step) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      writeFileSync(file, altered);
      expect((await brokerErrorOf(() => restoreBackup(file, options))).code).toMatch(/^E_/);
    }
  });

  it('changes nothing if it has the lines of another backup of the same store', async () => {
    const { file, vault } = await backedUp({}, 1);
    const other = join(temporaryFolder(), 'other.backup');
    await writeBackup(vault, other, actor, { program });
    const [first] = readFileSync(file, 'utf8').split('\n');
    const [, ...rest] = readFileSync(other, 'utf8').split('\n');
    writeFileSync(file, [first, ...rest].join('\n'));
    const options = { ...(await cleanMachine()), settings: vault.settings };
    expect((await brokerErrorOf(() => restoreBackup(file, options))).code).toBe('E_BACKUP');
  });

  it('cannot be written with a token that cannot be decrypted', async () => {
    const { vault } = await backedUp({}, 1);
    const { ciphertext } = await vault.db.selectFrom('token').select('ciphertext').executeTakeFirstOrThrow();
    await vault.db
      .updateTable('token')
      .set({ ciphertext: `${ciphertext.slice(0, -4)}${ciphertext.endsWith('AAAA') ? 'BAAA' : 'AAAA'}` })
      .execute();
    const file = join(temporaryFolder(), 'store.backup');
    await writeBackup(vault, file, actor, { program });
    const options = { ...(await cleanMachine()), settings: vault.settings };
    expect((await brokerErrorOf(() => restoreBackup(file, options))).code).toBe('E_INTEGRITY');
  });
});
