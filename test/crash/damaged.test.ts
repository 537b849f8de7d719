import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { acceptRolledBackStore } from '../../src/vault/backup/accept-rollback.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import type { Vault } from '../../src/vault/context.ts';
import { listSummaries } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { closeVault, openStoreContext, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { actor, noKeychain } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const pageSize = 4096;
const backupFile = 'store.backup';

async function using<T>(home: string, use: (vault: Vault) => Promise<T>): Promise<T> {
  const vault = await openVault(readSettings({ WEBEX_TOKEN_HOME: home }), {
    keychain: noKeychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
  try {
    return await use(vault);
  } finally {
    await closeVault(vault);
  }
}

/** A store that holds the token of "acme", with a backup next to it. */
async function store(): Promise<string> {
  const home = join(temporaryFolder(), 'home');
  await using(home, async (vault) => {
    await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    await writeBackup(vault, join(home, backupFile), actor, { program: '1' });
  });
  return home;
}

const read = (home: string) =>
  using(home, async (vault) => (await readToken(vault, 'acme', actor)).accessToken);

async function restore(home: string): Promise<string | null> {
  const settings = readSettings({ WEBEX_TOKEN_HOME: home });
  const options = { settings, keychain: noKeychain, now: Date.now, actor, onWarning: () => {} };
  return (await restoreBackup(join(home, backupFile), options)).previous;
}

type Damage = (database: Buffer) => Buffer;
const damages: [what: string, damage: Damage, said: RegExp][] = [
  ['emptied', () => Buffer.alloc(0), /^E_STORE_EMPTIED$/],
  ['filled with zeros', (database) => Buffer.alloc(database.length), /^E_STORE_DAMAGED$/],
  ['another file', () => Buffer.from('a letter to my aunt\n'.repeat(500)), /^E_STORE_DAMAGED$/],
  ['cut within its first page', (database) => database.subarray(0, 1000), /^E_STORE_DAMAGED$/],
  ['cut in half', (database) => database.subarray(0, database.length / 2), /^E_STORE_DAMAGED$/],
  ['without its second half', (database) => database.fill(0, database.length / 2), /^E_STORE_DAMAGED$/],
  ['overwritten except for its first page', (database) => database.fill('x', pageSize), /^E_STORE_DAMAGED$/],
];

describe.each(damages)('a database that is %s', (_, damage, said) => {
  it('is reported by every command, left unchanged, and moved when a backup is restored', async () => {
    const home = await store();
    const file = join(home, 'store.db');
    const damaged = damage(readFileSync(file));
    writeFileSync(file, damaged);
    for (const use of [
      () => read(home),
      () => using(home, (vault) => importToken(vault, { profile: 'acme' }, usualToken(), actor)),
      async () => {
        const records = await openStoreContext(
          readSettings({ WEBEX_TOKEN_HOME: home }),
          Date.now,
          noKeychain,
        );
        await listSummaries(records).finally(() => records.db.destroy());
      },
    ]) {
      const error = await brokerErrorOf(use);
      expect(error.code).toMatch(said);
      expect(error.help).toContain('webex-token restore');
    }
    if (damaged.length > 0) expect(readFileSync(file).equals(damaged)).toBe(true);
    const aside = await restore(home);
    if (damaged.length > 0) expect(readFileSync(aside ?? '').equals(damaged)).toBe(true);
    expect(await read(home)).toBe(usualToken());
  });
});

describe('the store', () => {
  it('returns the right token or an error if any page was overwritten, and can be restored from a backup', async () => {
    const home = await store();
    const database = readFileSync(join(home, 'store.db'));
    const codes = new Set<string>();
    const pages = database.length / pageSize;
    const every = process.env.WEBEX_TOKEN_TEST_LONG === undefined ? 3 : 1;
    for (let page = 0; page < pages; page += every) {
      const copy = join(temporaryFolder(), 'home');
      cpSync(home, copy, { recursive: true });
      chmodSync(copy, 0o700);
      const damaged = Buffer.from(database).fill(0xa5, page * pageSize, (page + 1) * pageSize);
      writeFileSync(join(copy, 'store.db'), damaged);
      const outcome = await read(copy).catch((error: unknown) => error);
      if (outcome !== usualToken()) {
        expect([page, outcome]).toEqual([page, expect.any(BrokerError)]);
        codes.add((outcome as BrokerError).code);
        await restore(copy);
        expect([page, await read(copy)]).toEqual([page, usualToken()]);
      }
      rmSync(copy, { recursive: true });
    }
    expect(pages).toBeGreaterThan(20);
    expect([...codes]).toContain('E_STORE_DAMAGED');
    for (const code of codes) expect(code).toMatch(/^E_(STORE|INTEGRITY|KEY)/);
  });

  it('reports a removed database until a person starts over', async () => {
    const home = await store();
    rmSync(join(home, 'store.db'));
    expect((await brokerErrorOf(() => read(home))).code).toBe('E_STORE_EMPTIED');
    const settings = readSettings({ WEBEX_TOKEN_HOME: home });
    await acceptRolledBackStore(settings, noKeychain, Date.now, actor);
    expect((await brokerErrorOf(() => read(home))).code).toBe('E_NO_PROFILE');
    expect(existsSync(join(home, 'key.jwk'))).toBe(true);
    expect(readdirSync(home).filter((name) => name.includes('aside'))).toEqual([]);
  });
});
