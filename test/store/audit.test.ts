import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { genesisHash } from '../../src/store/audit/chain.ts';
import type { Db } from '../../src/store/db.ts';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { appendAuditRows } from '../../src/store/token-requests/sqlite-fast-path.ts';
import { runScript } from '../support/run-script.ts';
import { engine, onSqlite } from '../support/store/engines.ts';
import { newStore, reopened } from '../support/store/test-store.ts';

async function append(db: Db, profile: string, time = 1000): Promise<void> {
  await db
    .transaction()
    .execute((trx) => appendAudit(trx, time, { action: 'read', outcome: 'ok', profile, user: 'ada' }));
}

/** Five rows for the profiles 1 to 5. */
async function fiveRows(): Promise<Db> {
  const { db } = await newStore();
  for (const profile of ['1', '2', '3', '4', '5']) await append(db, profile);
  expect(await verifyAudit(db)).toEqual({ rows: 5, chains: 1, broken: null });
  return db;
}

/** Changes the tables without updating the chain. */
async function tamper(db: Db, ...statements: string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

describe('the chain', () => {
  it('accepts the rows of a server of the earlier version, which knows no other chain', async () => {
    const { db } = await newStore();
    await sql`insert into audit (seq, time, action, outcome, previous_hash, hash)
      values (1, 1, 'read', 'ok', ${genesisHash}, 'x')`.execute(db);
    expect(await db.selectFrom('audit').select('chain').execute()).toEqual([{ chain: 1 }]);
  });

  it('starts empty and numbers its rows', async () => {
    const { db } = await newStore();
    expect(await verifyAudit(db)).toEqual({ rows: 0, chains: 1, broken: null });
    await append(db, 'acme');
    const row = await db.selectFrom('audit').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ seq: 1, time: 1000, profile: 'acme', client: null, user: 'ada' });
    expect(row.previous_hash).toBe(genesisHash);
  });

  it('has no row and no gap after a failed transaction', async () => {
    const { db } = await newStore();
    await append(db, 'before');
    const failing = db.transaction().execute(async (trx) => {
      await appendAudit(trx, 1, { action: 'capture', outcome: 'ok' });
      throw new Error('as if the disk were full');
    });
    await expect(failing).rejects.toThrow('as if');
    await append(db, 'after');
    expect(await verifyAudit(db)).toEqual({ rows: 2, chains: 1, broken: null });
  });

  it('is valid for any text and time, including NUL and lone surrogates', async () => {
    const { db } = await newStore();
    const text = fc.option(
      fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom('\0', 'a\ud83d', '\udc00b')),
    );
    let rows = 0;
    await fc.assert(
      fc.asyncProperty(fc.maxSafeNat(), fc.string(), text, text, async (time, action, profile, client) => {
        await db
          .transaction()
          .execute((trx) => appendAudit(trx, time, { action, outcome: 'ok', profile, client }));
        rows += 1;
      }),
      { numRuns: 50 },
    );
    expect(await verifyAudit(db)).toEqual({ rows, chains: 1, broken: null });
  });
});

describe('verifyAudit, after a change by another program', () => {
  const columns = {
    time: 2000,
    action: 'remove',
    outcome: 'denied',
    profile: 'other',
    client: 'x',
    address: '::1',
    user: 'eve',
    previous_hash: genesisHash,
    hash: genesisHash,
  };

  it.each(Object.entries(columns))('finds an edited %s', async (column, value) => {
    const db = await fiveRows();
    await tamper(db, `update audit set "${column}" = '${value}' where seq = 3`);
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 3 } });
  });

  it('finds an edited, added or removed subject', async () => {
    for (const [subject, value] of [
      ['k1', "'k2'"],
      ['k1', 'null'],
      [null, "'k1'"],
    ] as const) {
      const { db } = await newStore();
      const entry = { action: 'key-add', outcome: 'ok', subject };
      await db.transaction().execute((trx) => appendAudit(trx, 1, entry));
      expect(await verifyAudit(db)).toMatchObject({ rows: 1, broken: null });
      await tamper(db, `update audit set subject = ${value}`);
      expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 1 } });
    }
  });

  it('finds an emptied value', async () => {
    const db = await fiveRows();
    await tamper(db, `update audit set "user" = null where seq = 1`);
    expect(await verifyAudit(db)).toMatchObject({ rows: 0, broken: { seq: 1 } });
  });

  it('finds a value moved to the next column', async () => {
    const db = await fiveRows();
    await tamper(db, `update audit set client = profile, profile = null where seq = 2`);
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 2 } });
  });

  it.each([1, 3, 5])('finds that row %i was removed', async (seq) => {
    const db = await fiveRows();
    await tamper(db, `delete from audit where seq = ${seq}`);
    expect(await verifyAudit(db)).toMatchObject({
      broken: { seq, reason: expect.stringMatching(/missing/) },
    });
  });

  it('finds a removed row, even if the following rows are renumbered', async () => {
    const db = await fiveRows();
    // One row at a time: PostgreSQL checks the unique number after each row, and changes rows in any order.
    await tamper(
      db,
      'delete from audit where seq = 3',
      'update audit set seq = 3 where seq = 4',
      'update audit set seq = 4 where seq = 5',
    );
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 3 } });
  });

  it('finds two swapped rows', async () => {
    const db = await fiveRows();
    await tamper(
      db,
      'update audit set seq = -1 where seq = 2',
      'update audit set seq = 2 where seq = 3',
      'update audit set seq = 3 where seq = -1',
    );
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 2 } });
  });

  it('finds that rows were removed at the end', async () => {
    const db = await fiveRows();
    await tamper(db, 'delete from audit where seq > 3');
    expect(await verifyAudit(db)).toEqual({
      rows: 3,
      chains: 1,
      broken: { chain: 1, seq: 4, reason: 'rows are missing at the end' },
    });
  });

  it('finds that all rows were removed', async () => {
    const db = await fiveRows();
    await tamper(db, 'delete from audit');
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 1 } });
  });

  it('finds a row appended without updating the head', async () => {
    const db = await fiveRows();
    const head = await db.selectFrom('audit_head').select(['seq', 'hash']).executeTakeFirstOrThrow();
    await append(db, 'more');
    await db.updateTable('audit_head').set(head).execute();
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 6 } });
  });

  it('finds a last row rewritten with a matching hash', async () => {
    const db = await fiveRows();
    const fourth = await db
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('seq', '=', 4)
      .executeTakeFirstOrThrow();
    await tamper(db, 'delete from audit where seq = 5');
    await db.updateTable('audit_head').set(fourth).execute();
    await append(db, 'forged');
    await tamper(db, `update audit_head set hash = '${genesisHash}'`);
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 5 } });
  });
});

describe('verifyAudit', () => {
  it('does not report rows that are appended in the meantime', async () => {
    const { db, file } = await newStore();
    await append(db, 'before');
    const other = await reopened(file);
    let results = 0;
    const disturbed = db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        results += 1;
        await append(other, 'other');
        return result;
      },
    });
    expect((await verifyAudit(disturbed)).broken).toBeNull();
    expect(results).toBeGreaterThan(2);
    expect(await verifyAudit(db)).toEqual({ rows: 1 + results, chains: 1, broken: null });
  });
});

describe('the query builder and the fast path write one chain', () => {
  onSqlite('write it alternately', async () => {
    const { db, file } = await newStore();
    const database = openSqliteFile(file);
    for (let at = 0; at < 5; at += 1) {
      await append(db, 'long');
      appendAuditRows(database, null, at, [
        { action: 'read', outcome: 'ok', profile: 'short' },
        { action: 'read', outcome: 'expired', client: 'two at once' },
      ]);
    }
    database.close();
    expect(await verifyAudit(db)).toEqual({ rows: 15, chains: 1, broken: null });
  });

  onSqlite('leave nothing of a failed write', async () => {
    const { db, file } = await newStore();
    const database = openSqliteFile(file);
    const unfit = { action: 'read', outcome: null } as unknown as { action: string; outcome: string };
    expect(() => appendAuditRows(database, null, 1, [{ action: 'read', outcome: 'ok' }, unfit])).toThrow();
    appendAuditRows(database, null, 2, [{ action: 'read', outcome: 'ok' }]);
    database.close();
    expect(await verifyAudit(db)).toEqual({ rows: 1, chains: 1, broken: null });
  });

  it('lose no row in four processes at once', async () => {
    const { db, file } = await newStore();
    const script = join(import.meta.dirname, '../support/processes/append-audit-rows.ts');
    const ways = engine === 'sqlite' ? ['long', 'short', 'long', 'short'] : ['long', 'long', 'long', 'long'];
    await Promise.all(ways.map((way, at) => runScript(script, [file, way, `writer-${at}`, '60']).done));
    expect(await verifyAudit(db)).toEqual({ rows: 240, chains: 1, broken: null });
    const perWriter = await db
      .selectFrom('audit')
      .select(({ fn }) => ['profile', fn.countAll<number>().as('rows')])
      .groupBy('profile')
      .execute();
    expect(perWriter.map(({ rows }) => rows)).toEqual([60, 60, 60, 60]);
  });
});
