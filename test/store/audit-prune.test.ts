import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { pruneAudit } from '../../src/store/audit/prune.ts';
import { auditRows, newestAuditRows, positionAfter } from '../../src/store/audit/read.ts';
import type { Db } from '../../src/store/db.ts';
import { newStore } from '../support/store/test-store.ts';

/** Ten rows, one a second: at 1000, 2000, … */
async function tenRows(): Promise<Db> {
  const { db } = await newStore();
  for (let second = 1; second <= 10; second += 1) {
    const entry = {
      action: 'read',
      outcome: second % 3 === 0 ? 'invalid_client' : 'ok',
      client: `c${second % 2}`,
    };
    await db.transaction().execute((trx) => appendAudit(trx, second * 1000, entry));
  }
  return db;
}

function prune(db: Db, before: number): Promise<number> {
  return db.transaction().execute((trx) => pruneAudit(trx, before, 99_000, 'ada'));
}

describe('pruneAudit', () => {
  it('removes older rows, and the chain stays valid from its new start', async () => {
    const db = await tenRows();
    expect(await prune(db, 4000)).toBe(3);
    expect(await verifyAudit(db)).toEqual({ rows: 8, chains: 1, broken: null });
    expect(await prune(db, 6000)).toBe(2);
    expect(await verifyAudit(db)).toEqual({ rows: 7, chains: 1, broken: null });
    const rows = await newestAuditRows(db, {}, 2);
    expect(rows.map(({ action, user }) => [action, user])).toEqual([
      ['prune', 'ada'],
      ['prune', 'ada'],
    ]);
  });

  it('removes every row except the one that records the pruning', async () => {
    const db = await tenRows();
    expect(await prune(db, 50_000)).toBe(10);
    expect(await verifyAudit(db)).toEqual({ rows: 1, chains: 1, broken: null });
    expect(await prune(db, 50_000)).toBe(0);
    await db.transaction().execute((trx) => appendAudit(trx, 1, { action: 'read', outcome: 'ok' }));
    expect(await verifyAudit(db)).toEqual({ rows: 2, chains: 1, broken: null });
  });

  it('writes nothing if no row is older', async () => {
    const db = await tenRows();
    expect(await prune(db, 1000)).toBe(0);
    expect(await verifyAudit(db)).toEqual({ rows: 10, chains: 1, broken: null });
  });

  it('leaves no gap at a row that was written while the clock was wrong', async () => {
    const db = await tenRows();
    await db.transaction().execute((trx) => appendAudit(trx, 1, { action: 'read', outcome: 'ok' }));
    expect(await prune(db, 4000)).toBe(3);
    expect(await verifyAudit(db)).toEqual({ rows: 9, chains: 1, broken: null });
  });

  it('detects rows that another program removed at the start, before and after pruning', async () => {
    const db = await tenRows();
    await db.deleteFrom('audit').where('seq', '<=', 2).execute();
    expect(await verifyAudit(db)).toMatchObject({ broken: { seq: 1 } });

    const pruned = await tenRows();
    await prune(pruned, 4000);
    await pruned.deleteFrom('audit').where('seq', '=', 4).execute();
    expect(await verifyAudit(pruned)).toMatchObject({ broken: { seq: 4 } });
  });

  it('filters and pages rows', async () => {
    const db = await tenRows();
    const seqs = async (rows: AsyncIterable<{ seq: number }>) => {
      const found: number[] = [];
      for await (const { seq } of rows) found.push(seq);
      return found;
    };
    expect(await seqs(auditRows(db, {}))).toHaveLength(10);
    expect(await seqs(auditRows(db, { client: 'c1', outcome: 'ok' }))).toEqual([1, 5, 7]);
    expect(await seqs(auditRows(db, { since: 3000, until: 5000 }))).toEqual([3, 4]);
    expect(await seqs(auditRows(db, { action: 'push' }))).toEqual([]);
    const page = await newestAuditRows(db, {}, 3);
    expect(page.map(({ seq }) => seq)).toEqual([10, 9, 8]);
    const next = await newestAuditRows(db, {}, 3, positionAfter(page));
    expect(next.map(({ seq }) => seq)).toEqual([7, 6, 5]);
  });
});
