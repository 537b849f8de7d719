import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { auditHash, auditRow, genesisHash, pruneAction, pruneOutcome } from '../../src/store/audit/chain.ts';
import type { Db } from '../../src/store/db.ts';
import { openStore } from '../../src/store/store.ts';
import { acceptRolledBackStore } from '../../src/vault/backup/accept-rollback.ts';
import { addClient, listClients } from '../../src/vault/clients/clients.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { pruneAuditLog } from '../../src/vault/prune-audit.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { actor, newVault, noKeychain, testSettings, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

async function withRows(count: number) {
  const vault = await newVault();
  for (let at = 0; at < count; at += 1) {
    await vault.db
      .transaction()
      .execute((trx) => appendAudit(trx, today + at, { action: 'check', outcome: `${at}` }));
  }
  return vault;
}

/** Cuts what comes after a row, and closes the chain again, as someone without the key can. */
async function cutAfter(db: Db, seq: number): Promise<void> {
  await db.deleteFrom('audit').where('seq', '>', seq).execute();
  const last = await db.selectFrom('audit').select('hash').where('seq', '=', seq).executeTakeFirst();
  await db
    .updateTable('audit_head')
    .set({ seq, hash: last?.hash ?? genesisHash })
    .execute();
}

describe('the signed audit log', () => {
  it('is signed up to its last row', async () => {
    const { db } = await withRows(3);
    expect(await verifyAudit(db)).toEqual({ rows: 3, chains: 1, broken: null, unsigned: 0 });
  });

  it('shows that its end was cut, even with a matching head', async () => {
    const { db } = await withRows(5);
    await cutAfter(db, 3);
    expect(await verifyAudit(db)).toMatchObject({ broken: { reason: expect.stringContaining('signature') } });
    // What this program writes then does not hide it.
    await db.transaction().execute((trx) => appendAudit(trx, today, { action: 'check', outcome: 'ok' }));
    await db.transaction().execute((trx) => appendAudit(trx, today, { action: 'check', outcome: 'ok' }));
    await db.transaction().execute((trx) => appendAudit(trx, today, { action: 'check', outcome: 'ok' }));
    expect((await verifyAudit(db)).broken).not.toBeNull();
  });

  it('shows that everything was cut', async () => {
    const { db } = await withRows(5);
    await cutAfter(db, 0);
    expect((await verifyAudit(db)).broken).not.toBeNull();
  });

  it('shows a forged pruning', async () => {
    const { db } = await withRows(5);
    const rows = await db.selectFrom('audit').selectAll().orderBy('seq').execute();
    const third = rows[2];
    if (third === undefined) throw new Error('no rows');
    await db.deleteFrom('audit').where('seq', '<=', third.seq).execute();
    const last = rows.at(-1);
    const row = auditRow({ chain: 1, seq: 6 }, today, {
      action: pruneAction,
      outcome: pruneOutcome(third.seq, third.hash),
    });
    const hash = auditHash(last?.hash ?? '', row);
    await db
      .insertInto('audit')
      .values({ ...row, previous_hash: last?.hash ?? '', hash })
      .execute();
    await db
      .updateTable('audit_head')
      .set({ seq: 6, hash, start_seq: third.seq, start_hash: third.hash })
      .execute();
    expect((await verifyAudit(db)).broken).not.toBeNull();
    await db.updateTable('audit_head').set({ start_seq: null, start_hash: null }).execute();
    expect((await verifyAudit(db)).broken).not.toBeNull();
  });

  it('shows that its signature was removed', async () => {
    const { db } = await withRows(2);
    await db.updateTable('audit_head').set({ signature: null, signed_seq: null }).execute();
    expect((await verifyAudit(db)).broken).toMatchObject({ reason: 'the signature is missing' });
  });

  it('stays valid after pruning, and refuses to prune after rows were cut', async () => {
    const vault = await withRows(5);
    expect(await pruneAuditLog(vault, today + 3, actor)).toBe(3);
    expect(await verifyAudit(vault.db)).toEqual({ rows: 3, chains: 1, broken: null, unsigned: 0 });
    await cutAfter(vault.db, 5);
    expect((await brokerErrorOf(() => pruneAuditLog(vault, today + 5, actor))).code).toBe('E_AUDIT');
  });

  it('says up to where it is signed after a command without the key wrote', async () => {
    const vault = await withRows(2);
    const keyless = await openStore(storeLocation(vault.settings));
    const write = (db: Db) =>
      db.transaction().execute((trx) => appendAudit(trx, today, { action: 'check', outcome: 'ok' }));
    await write(keyless);
    await keyless.destroy();
    expect(await verifyAudit(vault.db)).toEqual({ rows: 3, chains: 1, broken: null, unsigned: 1 });
    await write(vault.db);
    expect(await verifyAudit(vault.db)).toEqual({ rows: 4, chains: 1, broken: null, unsigned: 0 });
  });

  it('stays valid after a new data key', async () => {
    const vault = await withRows(2);
    await rotateDataKey(vault, actor);
    const other = await newVault(undefined, { settings: vault.settings });
    expect(await verifyAudit(other.db)).toMatchObject({ broken: null, unsigned: 0 });
  });
});

describe('a new data key', () => {
  it('gives every row a new code, and codes of the old key are invalid', async () => {
    const vault = await newVault();
    const id = await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    await verifyToken(vault, id, actor);
    await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
    const before = await vault.db.selectFrom('row_mac').select('mac').execute();
    await rotateDataKey(vault, actor);
    const after = await vault.db.selectFrom('row_mac').select('mac').execute();
    expect(after).toHaveLength(before.length);
    const keysOf = (rows: { mac: string }[]) => [...new Set(rows.map(({ mac }) => mac.split('.')[0]))];
    expect(keysOf(after)).toEqual([vault.keys.ring.primaryKey.id.slice(0, 8)]);
    expect(keysOf(after)).not.toEqual(keysOf(before));
    const other = await newVault(undefined, { settings: vault.settings });
    expect((await readToken(other, 'acme', actor)).accessToken).toBe(usualToken());
  });
});

describe('accepting a store as it is', () => {
  it('keeps what this program wrote, and removes clients that were added from outside', async () => {
    const settings = await testSettings();
    const options = {
      keychain: noKeychain,
      now: () => today,
      fetch: () => Promise.reject(new Error('offline')),
    };
    const vault = await openVault(settings, options);
    await verifyToken(vault, await importToken(vault, { profile: 'acme' }, usualToken(), actor), actor);
    await addClient(vault, { name: 'ci', profiles: ['acme'] }, actor);
    await vault.db
      .insertInto('client')
      .values({ id: 'x', name: 'planted', secret_hash: 'x', addresses: '[]', created_at: 1 })
      .execute();
    await vault.db.updateTable('profile').set({ org_id: '11111111-2222-4333-8444-555555555555' }).execute();
    await closeVault(vault);
    expect((await brokerErrorOf(() => openVault(settings, options))).code).toBe('E_INTEGRITY');
    const accepted = await acceptRolledBackStore(settings, noKeychain, () => today, actor);
    expect(accepted).toEqual({
      removed: [expect.stringContaining('planted')],
      changed: [expect.stringContaining('acme')],
    });
    const again = await newVault(undefined, { settings });
    expect((await listClients(again)).map(({ name }) => name)).toEqual(['ci']);
    expect((await readToken(again, 'acme', actor)).accessToken).toBe(usualToken());
  });
});
