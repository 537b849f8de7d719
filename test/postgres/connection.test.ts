import { Kysely, sql } from 'kysely';
import pg from 'pg';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { appendAudit } from '../../src/store/audit/audit.ts';
import type { Schema } from '../../src/store/database/schema.ts';
import type { Db } from '../../src/store/db.ts';
import { lockTimeoutMs, postgresDialect } from '../../src/store/postgres/postgres.ts';
import { parsePostgresUrl } from '../../src/store/postgres/url.ts';
import { insertProfile } from '../../src/store/profiles/profiles.ts';
import { openStore } from '../../src/store/store.ts';
import { brokerErrorOf, thrownBy } from '../support/catch-error.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { asOwner, newPostgresPlace } from '../support/store/engines.ts';
import { fakeProfile } from '../support/store/fake-rows.ts';
import { newStore, reopened } from '../support/store/test-store.ts';

/** A store for many statements at the same time, which wait for each other as long as a busy machine needs. */
function patient(place: string): Db {
  const address = { ...parsePostgresUrl(place), connectTimeoutMs: stepHangsMs };
  const db = new Kysely<Schema>({ dialect: postgresDialect(address, stepHangsMs) });
  onTestFinished(() => db.destroy());
  return db;
}

describe('the connection to PostgreSQL', () => {
  it('returns instants as numbers, without changing other connections', async () => {
    const { db } = await newStore();
    const { rows } = await sql`select 8640000000000000::bigint as a, sum(x) as b, count(*) as c
    from (values (1::bigint), (2)) as t(x)`.execute(db);
    expect(rows).toEqual([{ a: 8_640_000_000_000_000, b: 3, c: 2 }]);
    expect(pg.types.getTypeParser(pg.types.builtins.INT8)('1')).toBe('1');
  });

  it('reports a wrong password and a missing database, without the password', async () => {
    const url = new URL(inject('postgresUrl'));
    url.pathname = '/nothing_here';
    const missing = await brokerErrorOf(() => openStore(url.href));
    expect(missing).toMatchObject({ code: 'E_STORE', help: expect.stringContaining('createdb') });
    url.password = 'fake-and-wrong';
    const refused = await brokerErrorOf(() => openStore(url.href));
    expect(refused).toMatchObject({ code: 'E_STORE', message: expect.stringContaining('refuses this user') });
    expect(`${refused.message}${refused.help}`).not.toContain('fake-and-wrong');
  });

  it('rejects a server without encryption if encryption is required', async () => {
    const error = await brokerErrorOf(() =>
      openStore(`${inject('postgresUrl')}store_empty?sslmode=verify-full`),
    );
    expect(error).toMatchObject({ code: 'E_STORE', help: expect.stringContaining('sslmode=disable') });
  });

  it('lets four processes open an empty database at the same moment', async () => {
    const place = await newPostgresPlace({ empty: true });
    await Promise.all([1, 2, 3, 4].map(() => reopened(place)));
    const db = await reopened(place);
    expect(await db.selectFrom('audit_head').selectAll().execute()).toHaveLength(1);
  });

  it('reads the same throughout a writing transaction', async () => {
    const place = await newPostgresPlace();
    const [db, other] = [patient(place), patient(place)];
    await db.insertInto('counter').values({ name: 'n', label: '', value: 0 }).execute();
    const increase = (store: typeof db) =>
      store.transaction().execute(async (trx) => {
        const { value } = await trx.selectFrom('counter').select('value').executeTakeFirstOrThrow();
        await trx
          .updateTable('counter')
          .set({ value: value + 1 })
          .execute();
      });
    await Promise.all(Array.from({ length: 60 }, (_, at) => increase(at % 2 === 0 ? db : other)));
    expect((await db.selectFrom('counter').select('value').executeTakeFirstOrThrow()).value).toBe(60);
  });

  it('does not deadlock if concurrent statements change many rows', async () => {
    const place = await newPostgresPlace();
    const [db, other] = [patient(place), patient(place)];
    const names = Array.from({ length: 300 }, (_, at) => `${at}`);
    await db
      .insertInto('counter')
      .values(names.map((name) => ({ name, label: '', value: 0 })))
      .execute();
    // In different orders: one by index, the other by table.
    const forwards = () =>
      sql`update counter set value = value + 1 where name in
    (select name from counter order by name)`.execute(db);
    const backwards = () =>
      sql`update counter set value = value + 1 from
    (select name as wanted from counter order by name desc) as backwards where name = wanted`.execute(other);
    const within = () =>
      other.transaction().execute(async (trx) => {
        for (const name of ['9', '1', '5']) {
          await trx.updateTable('counter').set({ label: '' }).where('name', '=', name).execute();
        }
      });
    const all = await Promise.allSettled(
      Array.from({ length: 90 }, (_, at) => [forwards, backwards, within][at % 3]?.()),
    );
    expect(all.filter(({ status }) => status === 'rejected')).toEqual([]);
    const [row] = await db.selectFrom('counter').select('value').where('name', '=', '7').execute();
    expect(row?.value).toBe(60);
  });

  it('sorts names byte by byte, as on SQLite', async () => {
    const { db } = await newStore();
    const names = ['a-b', 'a.b', 'ab', 'a_b', 'a0', 'b', 'a'];
    for (const name of names) await insertProfile(db, fakeProfile({ name }));
    const rows = await db.selectFrom('profile').select('name').orderBy('name').execute();
    expect(rows.map(({ name }) => name)).toEqual([...names].sort());
  });

  it('reads a long result in batches, as of one instant, inside and outside a transaction', async () => {
    const { db, file } = await newStore();
    const other = await reopened(file);
    const entries = (profile: string) =>
      other.transaction().execute((trx) => appendAudit(trx, 1, { action: 'read', outcome: 'ok', profile }));
    for (let at = 0; at < 20; at += 1) await entries(`${at}`);
    const seen = async (store: typeof db) => {
      const profiles: (string | null)[] = [];
      for await (const { profile } of store.selectFrom('audit').select('profile').orderBy('seq').stream(3)) {
        profiles.push(profile);
        if (store === db && profiles.length === 5) await entries('while reading');
      }
      return profiles;
    };
    expect(await seen(db)).toHaveLength(20);
    const within = await db.transaction().execute(async (trx) => {
      const both = await Promise.all([seen(trx), seen(trx)]);
      expect(both[0]).toEqual(both[1]);
      await appendAudit(trx, 1, { action: 'read', outcome: 'ok' });
      return both[0].length;
    });
    expect(within).toBe(21);
    // The connection stays usable after stopping early.
    for await (const _ of db.selectFrom('audit').selectAll().stream(2)) break;
    expect(await thrownBy(() => sql`select 1/0`.execute(db))).toMatchObject({ code: '22012' });
    expect(await seen(db)).toHaveLength(22);
  });

  it('stays usable after a writer waited too long and failed', async () => {
    const { db: other, file } = await newStore();
    expect(lockTimeoutMs).toBe(10_000);
    const db = new Kysely<Schema>({ dialect: postgresDialect(parsePostgresUrl(file), 100) });
    onTestFinished(() => db.destroy());
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    onTestFinished(release);
    const holding = other.transaction().execute(() => held);
    await expect
      .poll(
        async () =>
          (
            await asOwner(`select 1 from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = '${new URL(file).pathname.slice(1)}')`)
          ).length,
      )
      .toBe(1);
    const error = await brokerErrorOf(() => db.transaction().execute(() => Promise.resolve()));
    expect(error).toMatchObject({
      code: 'E_STORE_BUSY',
      help: expect.stringContaining('Nothing was changed'),
    });
    release();
    await holding;
    await db.transaction().execute((trx) => appendAudit(trx, 1, { action: 'read', outcome: 'ok' }));
  });
});
