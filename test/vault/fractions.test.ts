import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AtomicFile } from '../../src/files/atomic-file.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { appendAuditRows } from '../../src/store/token-requests/sqlite-fast-path.ts';
import { copyStoreTo } from '../../src/vault/backup/copy-store.ts';
import { openBackup } from '../../src/vault/backup/read.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeVerifiedBackup } from '../../src/vault/backup/verified.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { replaceKey } from '../../src/vault/key-operations/replace-key.ts';
import { databaseFile } from '../../src/vault/store-location.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { newPlace, newSqlitePlace, onSqlite } from '../support/store/engines.ts';
import { newStore, reopened } from '../support/store/test-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { memoryKeychain, openAll, storeTokens } from '../support/vault/key-hosts.ts';
import {
  actor,
  newVault,
  noKeychain,
  type TestVault,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';

const unfit = fc.oneof(
  fc.double({ noInteger: true }),
  fc.constantFrom(0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 60)),
);

describe('a number that is not an integer', () => {
  it('is refused when it is written', async () => {
    const { db } = await newStore();
    await fc.assert(
      fc.asyncProperty(unfit, async (value) => {
        await expect(
          db.insertInto('counter').values({ name: 'n', label: '', value }).execute(),
        ).rejects.toThrow();
      }),
      { numRuns: 30 },
    );
    expect(await db.selectFrom('counter').selectAll().execute()).toEqual([]);
  });

  onSqlite('is refused by statements without the query builder too', async () => {
    const { file } = await newStore();
    const database = openSqliteFile(file);
    fc.assert(
      fc.property(unfit, (value) => {
        expect(() => appendAuditRows(database, null, value, [{ action: 'read', outcome: 'ok' }])).toThrow(
          RangeError,
        );
        const statement = database.prepare('insert into counter (name, label, value) values (?, ?, ?)');
        for (const act of ['run', 'all', 'get'] as const) {
          expect(() => statement[act]('n', '', value)).toThrow(RangeError);
        }
      }),
      { numRuns: 30 },
    );
    expect(database.prepare('select count(*) as rows from counter').get()).toEqual({ rows: 0 });
    database.close();
  });

  const fraction = today + 60_000.1234;

  /** A store in which an earlier version stored the expiry of a client assertion with a fraction. */
  async function storeWithFraction() {
    const home = join(temporaryFolder(), 'home');
    const settings = { ...(await testSettings()), home, databaseUrl: null };
    const vault = await newVault(undefined, { settings });
    const stored = await storeTokens(vault, 2);
    await addClient(vault, { name: 'ci', profiles: ['profile-0'] }, actor);
    const database = new DatabaseSync(databaseFile(home));
    database
      .prepare(
        `insert into client_assertion (client_id, jti_hash, expires_at) select id, 'hash', ? from client`,
      )
      .run(fraction);
    database.close();
    return { vault, stored, settings };
  }

  const assertionsOf = async ({ db }: Pick<TestVault, 'db'>) =>
    (await db.selectFrom('client_assertion').select('expires_at').execute()).map((row) => row.expires_at);

  it('is rounded up when a store is copied', async () => {
    const { vault, stored, settings } = await storeWithFraction();
    for (const to of [await newSqlitePlace(), await newPlace()]) {
      const options = { settings, keychain: noKeychain, now: () => today, actor };
      expect(await copyStoreTo(databaseFile(settings.home), to, options)).toMatchObject({
        tokens: stored.size,
      });
      expect(await assertionsOf({ db: await reopened(to) })).toEqual([Math.ceil(fraction)]);
    }
    expect(await assertionsOf(vault)).toEqual([fraction]);
  });

  it('does not prevent a restore, of a new backup or of one with the fraction', async () => {
    const { vault, stored, settings } = await storeWithFraction();
    const file = join(settings.home, '..', 'new.backup');
    await writeVerifiedBackup(vault, file, actor, { program: '1' });

    // Decrypts each line, changes it to the form of earlier versions, and encrypts it again.
    const opened = await openBackup(file, { own: vault.keys.source, backupPassphrase: null });
    const [header = '', ...lines] = readFileSync(file, 'latin1').trimEnd().split('\n');
    let changed = 0;
    const old = await Promise.all(
      lines.map(async (line, at) => {
        const last = at === lines.length - 1;
        const chunk = opened.cipher.open(line, at + 1, last);
        for (const [table, row] of chunk) {
          if (table !== 'client_assertion') continue;
          row.expires_at = fraction;
          changed += 1;
        }
        return await opened.cipher.seal(chunk, at + 1, last);
      }),
    );
    expect(changed).toBe(1);
    const oldFile = join(settings.home, '..', 'old.backup');
    writeFileSync(oldFile, `${[header, ...old].join('\n')}\n`, { mode: 0o600 });

    for (const each of [file, oldFile]) {
      const options = { settings, keychain: noKeychain, now: () => today, actor, onWarning: () => {} };
      expect(await restoreBackup(each, options)).toMatchObject({ tokens: stored.size });
      const restored = await newVault(undefined, { settings });
      expect(await assertionsOf(restored)).toEqual([Math.ceil(fraction)]);
      expect(await openAll(restored, stored.keys())).toEqual(stored);
    }
  });
});

describe('a backup while it is written', () => {
  it('does not appear if it cannot be read back', async () => {
    const vault = await newVault();
    await storeTokens(vault, 2);
    const file = join(temporaryFolder(), 'store.backup');
    const { write } = AtomicFile.prototype;
    let line = 0;
    vi.spyOn(AtomicFile.prototype, 'write').mockImplementation(function (this: AtomicFile, text: string) {
      line += 1;
      write.call(this, line === 2 ? text.replace(/.(?=\n$)/, '~') : text);
    });
    const error = await brokerErrorOf(() => writeVerifiedBackup(vault, file, actor, { program: '1' }));
    expect(error).toMatchObject({
      code: 'E_BACKUP_VERIFICATION',
      message: expect.stringContaining('line 2'),
    });
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });

  it('is verified with its passphrase if only that will open it', async () => {
    const vault = await newVault();
    await storeTokens(vault, 1);
    const file = join(temporaryFolder(), 'store.backup');
    const passphrase = 'six words that nobody would guess';
    await writeVerifiedBackup(vault, file, actor, { program: '1', passphrase });
    const settings = { ...(await testSettings()), home: join(temporaryFolder(), 'home') };
    const restored = await restoreBackup(file, {
      settings,
      keychain: noKeychain,
      now: () => today,
      actor,
      onWarning: () => {},
      passphrase,
    });
    expect(restored).toMatchObject({ tokens: 1, newKey: 'file' });
  });

  it('opens with a new key that replaces the old one in the meantime', async () => {
    const keychain = memoryKeychain();
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings, keychain });
    const other = await newVault(undefined, { settings, keychain });
    await storeTokens(vault, 1);
    const refresh = vault.keys.refresh.bind(vault.keys);
    let replaced = false;
    vault.keys.refresh = async (db) => {
      await refresh(db);
      if (replaced) return;
      replaced = true;
      await replaceKey(other, { kind: 'keychain' }, actor);
    };
    const file = join(temporaryFolder(), 'store.backup');
    await writeVerifiedBackup(vault, file, actor, { program: '1' });
    const { kek } = await openBackup(file, { own: other.keys.source, backupPassphrase: null });
    expect(kek.info.id).toBe(other.keys.kek.info.id);
  });
});
