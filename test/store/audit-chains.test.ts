import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { chainStates } from '../../src/store/audit/heads.ts';
import { auditRows, countAuditRows, newestAuditRows, positionAfter } from '../../src/store/audit/read.ts';
import { acceptRolledBackStore } from '../../src/vault/backup/accept-rollback.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeVerifiedBackup } from '../../src/vault/backup/verified.ts';
import type { Vault } from '../../src/vault/context.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { pruneAuditLog } from '../../src/vault/prune-audit.ts';
import { closeVault } from '../../src/vault/vault.ts';
import { addChain, appendToChain } from '../support/store/audit-chains.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { actor, newVault, noKeychain, today } from '../support/vault/test-vault.ts';

const row = (subject: string) => ({ action: 'read', outcome: 'ok', subject });

/** Three chains, whose rows were written at the times that their subjects say. */
async function threeChains(): Promise<Vault> {
  const vault = await newVault();
  const { db } = vault;
  const at = (time: number) => [row(`${time}`)];
  for (const time of [1, 4, 7]) {
    await db.transaction().execute((trx) => appendAudit(trx, today + time, row(`${time}`)));
  }
  const two = await addChain(db, today + 2, at(2));
  for (const time of [3, 8]) await appendToChain(db, two, today + time, at(time));
  const three = await addChain(db, today + 5, at(5));
  // The clock was set back.
  await appendToChain(db, three, today + 9, at(9));
  await appendToChain(db, three, today + 6, at(6));
  return vault;
}

async function subjects(vault: Vault): Promise<string[]> {
  const found: string[] = [];
  for await (const { subject } of auditRows(vault.db, {})) found.push(subject ?? '-');
  return found;
}

describe('auditRows', () => {
  it('merges the chains by time, and keeps the order of each chain', async () => {
    const vault = await threeChains();
    expect(await subjects(vault)).toEqual(['1', '2', '3', '4', '5', '7', '8', '9', '6']);
    expect(await countAuditRows(vault.db)).toBe(9);
  });

  it('reads long chains a part at a time', async () => {
    const vault = await newVault();
    const many = (start: number) => Array.from({ length: 1203 }, (_, at) => row(`${start + at}`));
    await addChain(vault.db, today, many(0));
    await addChain(vault.db, today + 1, many(2000));
    const found = (await subjects(vault)).map(Number);
    expect(found).toHaveLength(2406);
    expect(found).toEqual(found.toSorted((one, other) => one - other));
  });
});

describe('newestAuditRows', () => {
  it('gives each row once, page by page, while others are written', async () => {
    const vault = await threeChains();
    const found: string[] = [];
    let position = positionAfter([]);
    for (;;) {
      const page = await newestAuditRows(vault.db, { action: 'read' }, 2, position);
      if (page.length === 0) break;
      found.push(...page.map(({ subject }) => subject ?? '-'));
      position = positionAfter(page, position);
      await vault.db
        .transaction()
        .execute((trx) => appendAudit(trx, today, { action: 'check', outcome: 'ok' }));
    }
    expect(found).toEqual(['8', '7', '6', '9', '5', '4', '3', '2', '1']);
  });
});

describe('pruning', () => {
  it('removes the older rows of every chain, and each stays valid', async () => {
    const vault = await threeChains();
    expect(await pruneAuditLog(vault, today + 6, actor)).toBe(5);
    expect(await verifyAudit(vault.db)).toMatchObject({ rows: 7, chains: 3, broken: null, unsigned: 0 });
    const pruned = await vault.db
      .selectFrom('audit')
      .select(['outcome', 'subject'])
      .where('action', '=', 'prune')
      .orderBy('seq')
      .execute();
    expect(pruned.map(({ outcome, subject }) => [outcome.split(',')[0], subject])).toEqual([
      ['rows up to 2 removed', null],
      ['rows up to 2 removed', 'chain 2'],
      ['rows up to 1 removed', 'chain 3'],
    ]);
    await appendToChain(vault.db, 2, today, [row('later')]);
    expect(await pruneAuditLog(vault, today + 100, actor)).toBe(8);
    expect(await verifyAudit(vault.db)).toMatchObject({ rows: 3, chains: 3, broken: null });
  });
});

describe('a new data key', () => {
  it('signs every chain again, so that the old key is no longer needed', async () => {
    const vault = await threeChains();
    await rotateDataKey(vault, actor);
    const start = `${vault.keys.ring.primaryKey.id.slice(0, 8)}.`;
    for (const { signature } of await chainStates(vault.db)) expect(signature?.startsWith(start)).toBe(true);
    const again = await newVault(undefined, { settings: vault.settings });
    expect(await verifyAudit(again.db)).toMatchObject({ chains: 3, broken: null, unsigned: 0 });
  });

  it('does not sign a chain that was cut', async () => {
    const vault = await threeChains();
    await vault.db.deleteFrom('audit').where('chain', '=', 2).where('seq', '=', 3).execute();
    const last = await vault.db
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('chain', '=', 2)
      .where('seq', '=', 2)
      .executeTakeFirstOrThrow();
    await vault.db.updateTable('audit_head').set(last).where('id', '=', 2).execute();
    await rotateDataKey(vault, actor);
    expect((await verifyAudit(vault.db)).broken).toMatchObject({ chain: 2 });
  });
});

describe('a backup', () => {
  it('has every chain, and they continue after a restore', async () => {
    const vault = await threeChains();
    const file = `${temporaryFolder()}/store.backup`;
    await writeVerifiedBackup(vault, file, actor, { program: '1' });
    await appendToChain(vault.db, 3, today, [row('lost')]);
    await closeVault(vault);
    const options = { settings: vault.settings, keychain: noKeychain, now: () => today, actor };
    await restoreBackup(file, { ...options, onWarning: () => {} });
    const restored = await newVault(undefined, { settings: vault.settings });
    expect(await verifyAudit(restored.db)).toMatchObject({ rows: 11, chains: 3, broken: null, unsigned: 0 });
    await appendToChain(restored.db, 3, today, [row('later')]);
    expect(await verifyAudit(restored.db)).toMatchObject({ rows: 12, broken: null });
  });
});

describe('a store that is accepted as it is', () => {
  it('has all chains again, regardless of what was left of them', async () => {
    const vault = await threeChains();
    await closeVault(vault);
    const { db } = await newVault(undefined, { settings: vault.settings });
    await db.deleteFrom('audit').where('chain', '=', 2).execute();
    await db.deleteFrom('audit_head').where('id', 'in', [2, 3]).execute();
    await db.deleteFrom('audit_chain').where('id', '=', 2).execute();
    expect((await verifyAudit(db)).broken).not.toBeNull();
    await acceptRolledBackStore(vault.settings, noKeychain, () => today, actor);
    const accepted = await newVault(undefined, { settings: vault.settings });
    expect(await verifyAudit(accepted.db)).toMatchObject({ rows: 7, chains: 3, broken: null, unsigned: 0 });
  });
});
