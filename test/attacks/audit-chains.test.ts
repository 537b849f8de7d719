import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { nextRows } from '../../src/store/audit/chain.ts';
import { chainState } from '../../src/store/audit/heads.ts';
import type { Vault } from '../../src/vault/context.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { addChain, appendToChain } from '../support/store/audit-chains.ts';
import { newVault, noKeychain, today } from '../support/vault/test-vault.ts';

/* Someone can write to the database, and has no key. The log has three chains: 1 with four rows, 2 and 3 with five. */

const read = (subject: string) => ({ action: 'read', outcome: 'ok', client: 'ci', subject });
const letters = ['a', 'b', 'c', 'd', 'e'];

async function threeChains(): Promise<Vault> {
  const vault = await newVault();
  for (let at = 0; at < 4; at += 1) {
    await vault.db.transaction().execute((trx) => appendAudit(trx, today + at, read(`shared ${at}`)));
  }
  for (const chain of ['two', 'three']) {
    await addChain(
      vault.db,
      today,
      letters.map((letter) => read(`${chain} ${letter}`)),
    );
  }
  expect(await verifyAudit(vault.db)).toEqual({ rows: 14, chains: 3, broken: null, unsigned: 0 });
  return vault;
}

async function run({ db }: Vault, ...statements: string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** The end of a chain, rewritten as if it ended at this row, as far as it can be without the key. */
async function endAt(vault: Vault, chain: number, seq: number): Promise<void> {
  const row = await vault.db
    .selectFrom('audit')
    .select('hash')
    .where('chain', '=', chain)
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow();
  await vault.db.updateTable('audit_head').set({ seq, hash: row.hash }).where('id', '=', chain).execute();
}

const attacks: [string, (vault: Vault) => Promise<void>, { chain: number; reason?: RegExp }][] = [
  [
    'the rows of a chain were removed',
    (vault) => run(vault, 'delete from audit where chain = 2'),
    { chain: 2, reason: /missing at the end/ },
  ],
  [
    'a chain was removed with its head',
    (vault) => run(vault, 'delete from audit where chain = 3', 'delete from audit_head where id = 3'),
    { chain: 3, reason: /head of the chain is missing/ },
  ],
  [
    'the last chain was removed from the register',
    (vault) =>
      run(
        vault,
        'delete from audit where chain = 3',
        'delete from audit_head where id = 3',
        'delete from audit_chain where id = 3',
      ),
    { chain: 3, reason: /the chain is missing/ },
  ],
  [
    'the last chain was removed with its row MAC',
    (vault) =>
      run(
        vault,
        'delete from audit where chain = 3',
        'delete from audit_head where id = 3',
        'delete from audit_chain where id = 3',
        "delete from row_mac where kind = 'auditChain' and id = '3'",
      ),
    { chain: 2, reason: /register of chains cannot be trusted/ },
  ],
  [
    'a chain in the middle was removed with its row MAC',
    (vault) =>
      run(
        vault,
        'delete from audit where chain = 2',
        'delete from audit_head where id = 2',
        'delete from audit_chain where id = 2',
        "delete from row_mac where kind = 'auditChain' and id = '2'",
      ),
    { chain: 2, reason: /the chain is missing/ },
  ],
  [
    'every chain but the first one was removed',
    (vault) =>
      run(
        vault,
        'delete from audit where chain > 1',
        'delete from audit_head where id > 1',
        'delete from audit_chain',
        "delete from row_mac where kind = 'auditChain'",
      ),
    { chain: 1, reason: /register of chains cannot be trusted/ },
  ],
  [
    'a chain was planted',
    async (vault) => {
      await run(vault, `insert into audit_chain (id, created_at) values (4, ${today})`);
      const { rows, end } = nextRows(4, { seq: 0, hash: '0'.repeat(64) }, today, [read('planted')]);
      await vault.db.insertInto('audit').values(rows).execute();
      await vault.db
        .insertInto('audit_head')
        .values({ id: 4, ...end })
        .execute();
    },
    { chain: 4, reason: /added from outside/ },
  ],
  [
    'rows of an unknown chain were planted',
    async (vault) => {
      const { rows } = nextRows(9, { seq: 0, hash: '0'.repeat(64) }, today, [read('planted')]);
      await vault.db.insertInto('audit').values(rows).execute();
    },
    { chain: 9, reason: /not known/ },
  ],
  [
    'rows at the start were removed',
    (vault) => run(vault, 'delete from audit where chain = 2 and seq <= 2'),
    { chain: 2, reason: /missing/ },
  ],
  [
    'rows at the start were removed as if they were pruned',
    async (vault) => {
      const row = await vault.db
        .selectFrom('audit')
        .select('hash')
        .where('chain', '=', 2)
        .where('seq', '=', 2)
        .executeTakeFirstOrThrow();
      await run(
        vault,
        'delete from audit where chain = 2 and seq <= 2',
        `update audit_head set start_seq = 2, start_hash = '${row.hash}' where id = 2`,
      );
    },
    { chain: 2, reason: /signature does not fit/ },
  ],
  [
    'rows at the end were removed, with a matching head',
    async (vault) => {
      await run(vault, 'delete from audit where chain = 2 and seq > 3');
      await endAt(vault, 2, 3);
    },
    { chain: 2, reason: /signature does not fit/ },
  ],
  [
    'rows at the end were removed, signed up to the last one',
    async (vault) => {
      await run(vault, 'delete from audit where chain = 2 and seq > 3');
      await endAt(vault, 2, 3);
      await run(vault, 'update audit_head set signed_seq = 3 where id = 2');
    },
    { chain: 2, reason: /signature does not fit/ },
  ],
  [
    'a chain was emptied as if it were new',
    (vault) =>
      run(
        vault,
        'delete from audit where chain = 2',
        `update audit_head set seq = 0, hash = '${'0'.repeat(64)}', signed_seq = 0 where id = 2`,
      ),
    { chain: 2, reason: /signature does not fit/ },
  ],
  [
    'a signature was removed',
    (vault) => run(vault, 'update audit_head set signed_seq = null, signature = null where id = 3'),
    { chain: 3, reason: /signature is missing/ },
  ],
  [
    'two rows were swapped',
    (vault) =>
      run(
        vault,
        'update audit set seq = 99 where chain = 2 and seq = 2',
        'update audit set seq = 2 where chain = 2 and seq = 3',
        'update audit set seq = 3 where chain = 2 and seq = 99',
      ),
    { chain: 2, reason: /changed/ },
  ],
  [
    'a row was moved to the end of another chain',
    async (vault) => {
      await run(vault, 'update audit set chain = 3, seq = 6 where chain = 2 and seq = 5');
      await endAt(vault, 3, 6);
      await endAt(vault, 2, 4);
    },
    { chain: 3, reason: /changed/ },
  ],
  [
    'rows were exchanged between two chains',
    (vault) =>
      run(
        vault,
        'update audit set chain = 99 where chain = 2 and seq = 3',
        'update audit set chain = 2 where chain = 3 and seq = 3',
        'update audit set chain = 3 where chain = 99',
      ),
    { chain: 2, reason: /changed/ },
  ],
  [
    'two chains exchanged their numbers',
    (vault) =>
      run(
        vault,
        'update audit set chain = 99 where chain = 2',
        'update audit set chain = 2 where chain = 3',
        'update audit set chain = 3 where chain = 99',
        'update audit_head set id = 99 where id = 2',
        'update audit_head set id = 2 where id = 3',
        'update audit_head set id = 3 where id = 99',
      ),
    { chain: 2, reason: /changed/ },
  ],
  [
    'a chain was exchanged with the shared one',
    (vault) =>
      run(
        vault,
        'update audit set chain = 99 where chain = 1',
        'update audit set chain = 1 where chain = 2',
        'update audit set chain = 2 where chain = 99',
        'update audit_head set id = 99 where id = 1',
        'update audit_head set id = 1 where id = 2',
        'update audit_head set id = 2 where id = 99',
      ),
    { chain: 1, reason: /changed/ },
  ],
  [
    'a row of another chain was edited, with a matching hash',
    async (vault) => {
      const state = await chainState(vault.db, 2);
      const fourth = await vault.db
        .selectFrom('audit')
        .select(['seq', 'hash'])
        .where('chain', '=', 2)
        .where('seq', '=', 4)
        .executeTakeFirstOrThrow();
      const { rows, end } = nextRows(2, fourth, today, [read('forged')]);
      expect(state?.seq).toBe(end.seq);
      await run(vault, 'delete from audit where chain = 2 and seq = 5');
      await vault.db.insertInto('audit').values(rows).execute();
      await endAt(vault, 2, 5);
    },
    { chain: 2, reason: /signature does not fit/ },
  ],
];

describe('log --verify', () => {
  it.each(attacks)('finds that %s', async (_, attack, { chain, reason = /./ }) => {
    const vault = await threeChains();
    await attack(vault);
    expect((await verifyAudit(vault.db)).broken).toMatchObject({
      chain,
      reason: expect.stringMatching(reason),
    });
    // Later writes of this program do not hide it.
    await vault.db
      .transaction()
      .execute((trx) => appendAudit(trx, today, read('later')))
      .catch(() => {});
    expect((await verifyAudit(vault.db)).broken).not.toBeNull();
  });
});

describe('a command that opens the store', () => {
  const options = { keychain: noKeychain, now: () => today, onWarning: () => {} };

  /** Puts a chain back to where it was before its newest row, which this host has seen. */
  async function putBack(vault: Vault, chain: number, newest: string): Promise<void> {
    const older = await chainState(vault.db, chain);
    await appendToChain(vault.db, chain, today, [read(newest)]);
    await vault.rollbackDetector.remember();
    await run(vault, `delete from audit where chain = ${chain} and seq > 5`);
    if (older !== null) await vault.db.updateTable('audit_head').set(older).where('id', '=', chain).execute();
  }

  it('finds an older head of a chain that was put back with its older rows', async () => {
    const vault = await threeChains();
    await putBack(vault, 2, 'later');
    // The log is consistent: it is a previous state.
    expect(await verifyAudit(vault.db)).toMatchObject({ broken: null, unsigned: 0 });
    const error = await brokerErrorOf(() => openVault(vault.settings, options));
    expect(error).toMatchObject({
      code: 'E_STORE_ROLLED_BACK',
      message: expect.stringContaining('this host has seen row 6 of chain 2'),
    });
  });

  it('finds different rows in a chain that has grown to its previous length', async () => {
    const vault = await threeChains();
    await putBack(vault, 3, 'hidden');
    await appendToChain(vault.db, 3, today, [read('instead'), read('longer')]);
    const error = await brokerErrorOf(() => openVault(vault.settings, options));
    expect(error.message).toContain('Row 6 of chain 3 of its audit log differs');
  });

  it('finds that a chain is missing altogether', async () => {
    const vault = await threeChains();
    await vault.rollbackDetector.remember();
    await run(
      vault,
      'delete from audit where chain = 3',
      'delete from audit_head where id = 3',
      'delete from audit_chain where id = 3',
    );
    const error = await brokerErrorOf(() => openVault(vault.settings, options));
    expect(error.message).toContain('ends at row 0, but this host has seen row 5 of chain 3');
  });

  it('finds a planted chain', async () => {
    const vault = await threeChains();
    await run(vault, `insert into audit_chain (id, created_at) values (4, ${today})`);
    const error = await brokerErrorOf(() => openVault(vault.settings, options));
    expect(error).toMatchObject({ code: 'E_INTEGRITY', message: expect.stringContaining('audit log') });
  });

  it('remembers the ends of all chains, and continues with them', async () => {
    const vault = await threeChains();
    await closeVault(vault);
    const again = await openVault(vault.settings, options);
    await appendToChain(again.db, 2, today, [read('later')]);
    await closeVault(again);
    await closeVault(await openVault(vault.settings, options));
  });
});
