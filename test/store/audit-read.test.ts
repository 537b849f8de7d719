import { describe, expect, it } from 'vitest';
import { appendAudits } from '../../src/store/audit/audit.ts';
import { newestAuditRows } from '../../src/store/audit/read.ts';
import { newStore } from '../support/store/test-store.ts';

const entries = [
  { action: 'read', outcome: 'ok' },
  { action: 'read', outcome: 'invalid_client' },
  { action: 'read', outcome: 'invalid_client, 7 more' },
  { action: 'read', outcome: 'invalidXclient' },
  { action: 'verify', outcome: 'unverified: network' },
  { action: 'push', outcome: 'canceled' },
  { action: 'push', outcome: 'okta-manual' },
  { action: 'remove-token', outcome: 'expired' },
  { action: 'read', outcome: 'expired' },
  { action: 'prune', outcome: 'rows up to 3 removed, abc' },
];

describe('the filter by outcome', () => {
  it.each([
    ['ok', ['ok']],
    ['invalid_client', ['invalid_client', 'invalid_client, 7 more']],
    ['unverified', ['unverified: network']],
    ['failed', ['invalid_client', 'invalid_client, 7 more', 'invalidXclient', 'expired']],
  ])('%s finds what it names', async (outcome, found) => {
    const { db } = await newStore();
    await db.transaction().execute((trx) => appendAudits(trx, 1, entries));
    const rows = await newestAuditRows(db, { outcome }, 100);
    expect(rows.map((row) => row.outcome).reverse()).toEqual(found);
  });
});
