import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { appendAudit, verifyAudit } from '../../src/store/audit/audit.ts';
import { chainEnds, chainState } from '../../src/store/audit/heads.ts';
import { OwnChain } from '../../src/store/audit/own-chain.ts';
import type { Db } from '../../src/store/db.ts';
import { PostgresTokenRequestStore } from '../../src/store/token-requests/postgres.ts';
import type { TokenRequestRead } from '../../src/store/token-requests/token-request-store.ts';
import { restoreBackup } from '../../src/vault/backup/restore.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import { removeClient } from '../../src/vault/clients/clients.ts';
import type { Vault } from '../../src/vault/context.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { pruneAuditLog } from '../../src/vault/prune-audit.ts';
import { hashSecret } from '../../src/vault/sign-in/secret-hashes.ts';
import { askToken, clientOf, profileWithToken, served } from '../support/api-server.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { ignoreBusy } from '../support/ignore-busy.ts';
import { endConnections } from '../support/store/engines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { actor, auditLog, newVault, noKeychain, type TestVault, today } from '../support/vault/test-vault.ts';

const entry = (subject: string) => [{ action: 'read', outcome: 'ok', subject }];

function ownChain(db: Db): OwnChain {
  const chain = new OwnChain(db, () => today);
  onTestFinished(() => chain.close());
  return chain;
}

/** Another vault on the same store, with its own connections. */
function another(vault: TestVault): Promise<TestVault> {
  return newVault(undefined, { settings: vault.settings });
}

async function ends(db: Db): Promise<[number, number][]> {
  return (await chainEnds(db)).map(({ chain, seq }) => [chain, seq]);
}

/** Keeps a transaction open that changes the store, until it is released. */
async function openTransaction(db: Db, action: (trx: Db) => Promise<unknown>): Promise<() => Promise<void>> {
  const started = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const transaction = db.transaction().execute(async (trx) => {
    await action(trx);
    started.resolve();
    await released.promise;
  });
  await started.promise;
  return async () => {
    released.resolve();
    await transaction;
  };
}

describe('OwnChain', () => {
  it('gives each concurrent writer its own chain, and reuses a free one', async () => {
    const vault = await newVault();
    const [one, two] = [ownChain(vault.db), ownChain((await another(vault)).db)];
    await Promise.all([one.append(today, entry('a')), one.append(today, entry('b'))]);
    await two.append(today, entry('c'));
    expect(await ends(vault.db)).toEqual([
      [1, 0],
      [2, 2],
      [3, 1],
    ]);
    await one.close();
    await ownChain((await another(vault)).db).append(today, entry('d'));
    await two.append(today, entry('e'));
    expect(await ends(vault.db)).toEqual([
      [1, 0],
      [2, 3],
      [3, 2],
    ]);
    expect(await verifyAudit(vault.db)).toEqual({ rows: 5, chains: 3, broken: null, unsigned: 0 });
  });

  it('continues after its connection was lost, with the same number of chains', async () => {
    const vault = await newVault();
    const chain = ownChain(vault.db);
    await chain.append(today, entry('a'));
    await endConnections(vault.settings.databaseUrl ?? '');
    await chain.append(today, entry('b'));
    expect(await ends(vault.db)).toEqual([
      [1, 0],
      [2, 2],
    ]);
    expect(await verifyAudit(vault.db)).toMatchObject({ rows: 2, broken: null });
  });

  it('continues after pruning and after a new data key', async () => {
    const vault = await newVault();
    const other = await another(vault);
    const chain = ownChain(other.db);
    await chain.append(today, entry('a'));
    await pruneAuditLog(vault, today + 1, actor);
    await chain.append(today, entry('b'));
    await rotateDataKey(vault, actor);
    await chain.append(today, entry('c'));
    expect((await chainState(vault.db, 2))?.seq).toBe(3);
    expect(await verifyAudit(vault.db)).toMatchObject({ broken: null, unsigned: 0 });
    const start = vault.keys.ring.primaryKey.id.slice(0, 8);
    expect((await chainState(vault.db, 2))?.signature).toContain(start);
  });

  it('writes nothing once its chain was cut, even with a head that was valid before', async () => {
    const vault = await newVault();
    const chain = ownChain(vault.db);
    await chain.append(today, entry('a'));
    const older = await chainState(vault.db, 2);
    await chain.append(today, entry('hidden'));
    await vault.db.deleteFrom('audit').where('chain', '=', 2).where('seq', '=', 2).execute();
    if (older !== null) await vault.db.updateTable('audit_head').set(older).where('id', '=', 2).execute();
    for (const subject of ['b', 'c']) {
      const error = await brokerErrorOf(() => chain.append(today, entry(subject)));
      expect(error.code).toBe('E_STORE_ROLLED_BACK');
    }
    expect(await ends(vault.db)).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });

  it('does not continue a chain that was cut before', async () => {
    const vault = await newVault();
    const first = ownChain(vault.db);
    await first.append(today, [...entry('a'), ...entry('b')]);
    await first.close();
    await vault.db.deleteFrom('audit').where('chain', '=', 2).where('seq', '=', 2).execute();
    const row = await vault.db
      .selectFrom('audit')
      .select(['seq', 'hash'])
      .where('chain', '=', 2)
      .executeTakeFirst();
    await vault.db
      .updateTable('audit_head')
      .set({ ...row, signed_seq: 1 })
      .where('id', '=', 2)
      .execute();
    await ownChain(vault.db).append(today, entry('c'));
    expect(await ends(vault.db)).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
    ]);
    expect((await verifyAudit(vault.db)).broken).toMatchObject({ chain: 2 });
  });

  it('continues in a store that was restored meanwhile', async () => {
    const vault = await newVault();
    const writer = await another(vault);
    const chain = ownChain(writer.db);
    await chain.append(today, entry('a'));
    const file = `${temporaryFolder()}/store.backup`;
    await writeBackup(vault, file, actor, { program: '1' });
    await chain.append(today, entry('b'));
    const options = { settings: vault.settings, keychain: noKeychain, now: () => today, actor };
    await restoreBackup(file, { ...options, onWarning: () => {} });
    await chain.append(today, entry('c'));
    const { db } = await another(vault);
    expect(await verifyAudit(db)).toMatchObject({ rows: 4, chains: 2, broken: null, unsigned: 0 });
  });

  it('leaves no row behind when the store is emptied while it writes', async () => {
    const vault = await newVault();
    const chain = ownChain((await another(vault)).db);
    await chain.append(today, entry('a'));
    const file = `${temporaryFolder()}/store.backup`;
    await writeBackup(vault, file, actor, { program: '1' });
    const options = { settings: vault.settings, keychain: noKeychain, now: () => today, actor };
    let over = false;
    const writing = async () => {
      while (!over) await chain.append(today, entry('more')).catch(ignoreBusy);
    };
    const restoring = async () => {
      try {
        await restoreBackup(file, { ...options, onWarning: () => {} });
      } finally {
        over = true;
      }
    };
    await Promise.all([writing(), restoring()]);
    expect(await verifyAudit((await another(vault)).db)).toMatchObject({ broken: null });
  });
});

/** One request of a client, as the token endpoint decides it. */
function request(client: string, secret: string, completed: string[]): TokenRequestRead {
  return {
    client,
    orgId: null,
    profileLimit: 2,
    withPrevious: false,
    assertion: null,
    decide: (found) => {
      const granted = found?.untrusted === null && found.client.secretHash === hashSecret(secret);
      return {
        granted,
        used: granted ? 'current' : null,
        entry: { action: 'read', outcome: granted ? 'ok' : 'invalid_client', client },
      };
    },
    complete: ({ granted }) => void completed.push(granted ? 'token' : 'refused'),
  };
}

const original = pg.Client.prototype.query;

describe('a batch of token requests', () => {
  /** A store, and a count of its round trips to the database: statements that are sent together take one. */
  async function counted(vault: Vault) {
    const query = vi.spyOn(pg.Client.prototype, 'query');
    const reads = new PostgresTokenRequestStore(vault.db, () => today);
    onTestFinished(() => reads.close());
    onTestFinished(() => query.mockRestore());
    const during = async (batch: TokenRequestRead[]) => {
      let roundTrips = 0;
      let isSending = false;
      query.mockImplementation(function (this: pg.Client, ...parameters: unknown[]) {
        if (!isSending) roundTrips += 1;
        isSending = true;
        setImmediate(() => {
          isSending = false;
        });
        return Reflect.apply(original, this, parameters);
      } as typeof original);
      expect(await reads.run(batch, today)).toEqual([]);
      return roundTrips;
    };
    return { during };
  }

  it('takes one round trip to write and to check again', async () => {
    const vault = await newVault();
    await profileWithToken(vault, 'acme');
    const secrets = new Map<string, string>();
    for (const name of ['one', 'two']) secrets.set(name, await clientOf(vault, name, ['acme']));
    const { during } = await counted(vault);
    const completed: string[] = [];
    const batch = () =>
      [...secrets].flatMap(([name, secret]) => [1, 2].map(() => request(name, secret, completed)));
    await during(batch());
    expect(await during(batch())).toBe(1);
    expect(await during(batch())).toBe(1);
    expect(completed).toEqual(Array.from({ length: 12 }, () => 'token'));
    // One to look it up, because no request is refused from the cache, and one to write.
    expect(await during([request('one', 'wrong', completed)])).toBe(2);
    expect(completed.at(-1)).toBe('refused');
  });

  it('does not wait for a transaction that changes the store', async () => {
    const vault = await newVault();
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const replicas = [await served({ vault }), await served({ vault: await another(vault) })];
    for (const replica of replicas) expect((await askToken(replica, 'ci', secret)).status).toBe(200);
    const commit = await openTransaction((await another(vault)).db, (trx) =>
      appendAudit(trx, today, { action: 'import', outcome: 'ok' }),
    );
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, at) => askToken(replicas[at % 2] as (typeof replicas)[0], 'ci', secret)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await commit();
    expect(await verifyAudit(vault.db)).toMatchObject({ chains: 3, broken: null, unsigned: 0 });
  });

  it('gets no token once the chain of its server was cut, and the server is not ready', async () => {
    const vault = await newVault();
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const api = await served({ vault });
    expect((await askToken(api, 'ci', secret)).status).toBe(200);
    const older = await chainState(vault.db, 2);
    expect((await askToken(api, 'ci', secret)).status).toBe(200);
    const { db } = await another(vault);
    await db
      .deleteFrom('audit')
      .where('chain', '=', 2)
      .where('seq', '>', older?.seq ?? 0)
      .execute();
    if (older !== null) await db.updateTable('audit_head').set(older).where('id', '=', 2).execute();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await askToken(api, 'ci', secret)).status).toBe(503);
    }
    expect(vault.rollbackDetector.problem?.code).toBe('E_STORE_ROLLED_BACK');
  });

  it('gets a token while the client is being removed, and none from the commit on', async () => {
    const vault = await newVault();
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const replicas = [await served({ vault }), await served({ vault: await another(vault) })];
    for (const replica of replicas) expect((await askToken(replica, 'ci', secret)).status).toBe(200);
    const remover = await another(vault);
    const held = Promise.withResolvers<void>();
    const removing = Promise.withResolvers<void>();
    const db = remover.db;
    const removal = removeClient(
      {
        ...remover,
        now: () => today,
        db: new Proxy(db, {
          get: (target, name) => {
            if (name !== 'transaction') return Reflect.get(target, name) as unknown;
            return () => ({
              execute: (action: (trx: Db) => Promise<unknown>) =>
                target.transaction().execute(async (trx) => {
                  const result = await action(trx);
                  removing.resolve();
                  await held.promise;
                  return result;
                }),
            });
          },
        }),
      },
      'ci',
      actor,
    );
    await removing.promise;
    for (const replica of replicas) expect((await askToken(replica, 'ci', secret)).status).toBe(200);
    held.resolve();
    await removal;
    for (const replica of replicas) expect((await askToken(replica, 'ci', secret)).status).toBe(401);
    // No decision from outdated cached lookups was recorded.
    const log = await auditLog(vault);
    expect(log.filter((row) => row === 'read ok acme')).toHaveLength(4);
    expect(log.filter((row) => row === 'read invalid_client -')).toHaveLength(2);
  });
});
