import { describe, expect, onTestFinished } from 'vitest';
import { openSqliteFile } from '../../src/store/sqlite/file.ts';
import { SqliteTokenRequestStore, type Synchronize } from '../../src/store/token-requests/sqlite.ts';
import type {
  Decision,
  Lookup,
  TokenRequestRead,
} from '../../src/store/token-requests/token-request-store.ts';
import { RetryLater } from '../../src/store/token-requests/token-request-store.ts';
import { removeClient, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { storeLocation } from '../../src/vault/store-location.ts';
import { clientOf, profileWithToken } from '../support/api-server.ts';
import { onSqlite } from '../support/store/engines.ts';
import { actor, newVault } from '../support/vault/test-vault.ts';

/** A read that is granted if the client exists, and records what happens to it. */
class Read implements TokenRequestRead {
  readonly client = 'ci';
  readonly orgId = null;
  readonly profileLimit = 2;
  readonly withPrevious = false;
  readonly assertion = null;
  decided: (Lookup | null)[] = [];
  completed: Decision | null = null;
  decide(found: Lookup | null): Decision {
    this.decided.push(found);
    const outcome = found === null ? 'invalid_client' : 'ok';
    return {
      granted: found !== null,
      used: found === null ? null : 'current',
      entry: { action: 'read', outcome, profile: found?.profiles[0]?.profile ?? null, client: 'ci' },
    };
  }
  complete(decision: Decision): void {
    this.completed = decision;
  }
}

/** A disk whose writes end when the test says so. */
function slowDisk() {
  const asked: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const synchronize = () =>
    new Promise<void>((resolve, reject) => {
      asked.push({ resolve, reject });
    });
  return { asked, synchronize };
}

async function ready(synchronize?: Synchronize) {
  const vault = await newVault();
  await profileWithToken(vault, 'acme');
  await clientOf(vault, 'ci', ['acme']);
  const file = storeLocation(vault.settings);
  const reads = new SqliteTokenRequestStore(file, vault.keys, synchronize);
  onTestFinished(() => reads.close());
  return { vault, reads, file };
}

describe('SqliteTokenRequestStore', () => {
  onSqlite('responds only after the audit row is on disk', async () => {
    const disk = slowDisk();
    const { vault, reads } = await ready(disk.synchronize);
    const batch = [new Read(), new Read()];
    const running = reads.run(batch, 5000);
    expect(batch.map(({ completed }) => completed)).toEqual([null, null]);
    const rows = await vault.db.selectFrom('audit').select('outcome').where('action', '=', 'read').execute();
    expect(rows).toHaveLength(2);
    expect(disk.asked).toHaveLength(1);
    disk.asked[0]?.resolve();
    expect(await running).toEqual([]);
    expect(batch.every(({ completed }) => completed?.granted)).toBe(true);
  });

  onSqlite('throws and returns nothing if the disk fails', async () => {
    const disk = slowDisk();
    const { reads } = await ready(disk.synchronize);
    const read = new Read();
    const running = reads.run([read], 5000);
    disk.asked[0]?.reject(new Error('EIO'));
    await expect(running).rejects.toThrow('EIO');
    expect(read.completed).toBeNull();
  });

  onSqlite('gives nothing to a client that is removed while the disk writes', async () => {
    const disk = slowDisk();
    const { vault, reads } = await ready(disk.synchronize);
    const read = new Read();
    const running = reads.run([read], 5000);
    await removeClient(vault, 'ci', actor);
    disk.asked[0]?.resolve();
    expect(await running).toEqual([read]);
    expect(read.completed).toBeNull();
    expect(read.decided.at(-1)).toBeNull();
  });

  onSqlite('caches lookups until another connection changes the store', async () => {
    const { vault, reads } = await ready();
    const look = async () => {
      const read = new Read();
      await reads.run([read], 5000);
      return read.decided[0] ?? null;
    };
    await look();
    const first = await look();
    expect(await look()).toBe(first);
    await rotateClientSecret(vault, 'ci', 0, actor);
    expect((await look())?.client.secretHash).not.toBe(first?.client.secretHash);
    await removeClient(vault, 'ci', actor);
    expect(await look()).toBeNull();
  });

  onSqlite('throws RetryLater and changes nothing while another process writes', async () => {
    const { reads, file, vault } = await ready();
    const other = openSqliteFile(file);
    other.exec('begin immediate');
    const read = new Read();
    await expect(reads.run([read], 5000)).rejects.toBeInstanceOf(RetryLater);
    other.exec('rollback');
    other.close();
    expect(read.decided).toEqual([]);
    expect(await vault.db.selectFrom('audit').select('seq').where('action', '=', 'read').execute()).toEqual(
      [],
    );
    expect(await reads.run([read], 5000)).toEqual([]);
  });
});
