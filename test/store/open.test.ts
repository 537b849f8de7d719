import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { getMeta } from '../../src/store/meta/meta.ts';
import { migrationProvider } from '../../src/store/migrations/index.ts';
import { newestMigration } from '../../src/store/migrations/newest.ts';
import { findProfile, insertProfile } from '../../src/store/profiles/profiles.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { openStore } from '../../src/store/store.ts';
import { hasMigration } from '../../src/store/token-requests/sqlite-fast-path.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { runScript } from '../support/run-script.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { fromOutside, newStore, reopened } from '../support/store/test-store.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('migrations', () => {
  test('change nothing when the store is opened again', async () => {
    const { db, file } = await newStore();
    await insertProfile(db, fakeProfile({ name: 'acme' }));
    const outside = fromOutside(file);
    const look = () => [
      outside.prepare('select sql from sqlite_schema order by name').all(),
      outside.prepare('select * from kysely_migration').all(),
    ];
    const before = look();
    const again = await reopened(file);
    expect(look()).toEqual(before);
    expect(await findProfile(again, 'acme')).toMatchObject({ name: 'acme' });
  });

  test('are known by the name of the newest one, to the fast path too', async () => {
    const names = Object.keys(await migrationProvider.getMigrations());
    expect(names).toEqual([...names].sort());
    expect(newestMigration).toBe(names.at(-1));
    const { file } = await newStore();
    expect(hasMigration(fromOutside(file), newestMigration)).toBe(true);
    expect(hasMigration(fromOutside(file), '999-later')).toBe(false);
  });

  test('run once when four processes open a new store at the same moment', async () => {
    const file = join(temporaryFolder(), 'store.db');
    const script = join(import.meta.dirname, '../support/processes/open-and-close.ts');
    const instant = String(Date.now() + 800);
    await Promise.all([1, 2, 3, 4].map(() => runScript(script, [file, instant]).done));
    const head = fromOutside(file).prepare('select count(*) as rows from audit_head').get();
    expect(head).toEqual({ rows: 1 });
  });

  test('leave a store of a newer version unchanged', async () => {
    const { db, file } = await newStore();
    await db.destroy();
    const outside = fromOutside(file);
    outside.exec(`insert into kysely_migration values ('999-later', '2099-01-01T00:00:00.000Z')`);
    const error = await brokerErrorOf(() => openStore(file));
    expect(error).toMatchObject({
      code: 'E_STORE_NEWER',
      message: 'The store was written by a newer version of this program.',
      help: expect.stringContaining('Use that version, or a newer one'),
    });
    expect(hasMigration(outside, '999-later')).toBe(true);
  });
});

describe('the connection', () => {
  const settings = ['journal_mode', 'synchronous', 'secure_delete', 'foreign_keys'];
  const wanted = { journal_mode: 'wal', synchronous: 2, secure_delete: 1, foreign_keys: 1 };

  test('commits to disk and overwrites deleted data, each time it is opened', async () => {
    const { db, file } = await newStore();
    for (const each of [db, await reopened(file)]) {
      const found = await Promise.all(
        settings.map(async (name) => (await sql.raw(`pragma ${name}`).execute(each)).rows[0]),
      );
      expect(Object.assign({}, ...found)).toEqual(wanted);
    }
    for (let opening = 0; opening < 2; opening += 1) {
      const database = openSqliteFile(file);
      const found = settings.map((name) => database.prepare(`pragma ${name}`).get());
      expect(Object.assign({}, ...found)).toEqual(wanted);
      expect(database.prepare('pragma busy_timeout').get()).toEqual({ timeout: 10_000 });
      database.close();
    }
  });

  test('waits while another process writes', async () => {
    const { db, file } = await newStore();
    const holder = runScript(join(import.meta.dirname, '../support/processes/hold-lock.ts'), [file, '400']);
    expect(await holder.firstLine).toBe('held');
    // It reads first. Its data would be outdated once the other process has written.
    await db.transaction().execute(async (trx) => {
      expect(await findProfile(trx, 'acme')).toBeNull();
      expect(await getMeta(trx, 'other process')).toBe('wrote');
      await insertProfile(trx, fakeProfile({ name: 'acme' }));
    });
    await holder.done;
    expect(await findProfile(db, 'acme')).not.toBeNull();
  });

  test('keeps concurrent transactions of one process apart', async () => {
    const { db } = await newStore();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        db.transaction().execute(async (trx) => {
          await insertProfile(trx, fakeProfile({ name: `profile-${at}` }));
          if (at % 2 === 1) throw new Error('this one is undone');
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    const names = (await db.selectFrom('profile').select('name').execute()).map(({ name }) => name);
    expect(names.sort()).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((at) => `profile-${at}`).sort());
  });
});

describe('the files', () => {
  test('are readable only by their owner, regardless of the umask', async () => {
    const before = process.umask(0);
    try {
      const { db, file } = await newStore();
      await insertProfile(db, fakeProfile());
      const modes = readdirSync(dirname(file)).map((name) => {
        const mode = statSync(join(dirname(file), name)).mode & 0o777;
        return `${name} ${mode.toString(8)}`;
      });
      expect(modes.sort()).toEqual(['store.db 600', 'store.db-shm 600', 'store.db-wal 600']);
    } finally {
      process.umask(before);
    }
  });

  test.each([0o640, 0o604, 0o666])('are refused with mode %o before anything is read', async (mode) => {
    const { db, file } = await newStore();
    await db.destroy();
    chmodSync(file, mode);
    const error = await brokerErrorOf(() => openStore(file));
    expect(error).toMatchObject({ code: 'E_FILE_PERMISSIONS', help: `Restrict it: chmod 600 '${file}'` });
    expect(readdirSync(dirname(file))).toEqual(['store.db']);
  });

  test('are reported and not changed if they are not a database', async () => {
    const file = join(temporaryFolder(), 'store.db');
    const text = 'These are the notes of someone who chose this name too.\n'.repeat(100);
    writeFileSync(file, text, { mode: 0o600 });
    const error = await brokerErrorOf(() => openStore(file));
    expect(error.code).toBe('E_STORE_DAMAGED');
    expect(error.message).toContain(file);
    expect(error.message).toContain('file is not a database');
    expect(readFileSync(file, 'utf8')).toBe(text);
  });

  test('are reported if they cannot be created', async () => {
    const file = join(temporaryFolder(), 'none', 'store.db');
    expect(await brokerErrorOf(() => openStore(file))).toMatchObject({ code: 'E_HOME' });
  });
});
