import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readKeyFile } from '../../src/crypto/key-file.ts';
import { keyId } from '../../src/crypto/key-id.ts';
import type { Db } from '../../src/store/db.ts';
import { listKeyEncryptionKeys } from '../../src/store/keys/keys.ts';
import { keyStatus } from '../../src/vault/key-operations/key-status.ts';
import { replaceKey } from '../../src/vault/key-operations/replace-key.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import type { KeyKind } from '../../src/vault/keys/create-key.ts';
import { VaultKeys } from '../../src/vault/keys/key-manager.ts';
import { keyFilePath } from '../../src/vault/keys/load-key.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { atTransaction } from '../support/vault/at-transaction.ts';
import { memoryKeychain, openAll, storeTokens } from '../support/vault/key-hosts.ts';
import { copyVault, type PreparedVault, placeOf, preparedVault } from '../support/vault/prepared-vault.ts';
import { actor, newVault, type TestVault, testSettings, today } from '../support/vault/test-vault.ts';

/* Another process starts at any moment of a change of keys. Simulated in one process, so that the moment is exact. */

const passphrase = 'six words that nobody would guess';

/** A machine before a change of keys. Making one takes most of the time of a test: all but the first are copies. */
interface PreparedMachine {
  vault: PreparedVault;
  keychain: Map<string, Buffer>;
  stored: Map<string, string>;
}

const prepared = new Map<KeyKind, Promise<PreparedMachine>>();

async function prepareMachine(kind: KeyKind): Promise<PreparedMachine> {
  const keychain = memoryKeychain();
  const settings = { ...(await testSettings()), passphrase: kind === 'passphrase' ? passphrase : null };
  const vault = await openVault(settings, { keychain, now: () => today });
  const stored = await storeTokens(vault, 2);
  if (kind === 'file') await replaceKey(vault, { kind: 'file' }, actor);
  await closeVault(vault);
  return { vault: await preparedVault(settings), keychain: keychain.entries, stored };
}

async function machineWith(kind: KeyKind) {
  const making = prepared.get(kind) ?? prepareMachine(kind);
  prepared.set(kind, making);
  const { vault, keychain: entries, stored } = await making;
  const settings = { ...(await testSettings()), passphrase };
  await copyVault(vault, settings);
  const keychain = memoryKeychain();
  for (const [name, entry] of entries) {
    // The last state seen of a store is recorded by its location.
    const moved = (text: string) => text.replaceAll(vault.place, placeOf(settings));
    const isSeen = name.startsWith('seen-');
    keychain.entries.set(moved(name), isSeen ? Buffer.from(moved(entry.toString())) : Buffer.from(entry));
  }
  const open = () => newVault(undefined, { settings, keychain });
  return { settings, keychain, open, stored };
}

/** Runs something once, right after the N-th query of this connection. */
function afterQuery(db: Db, number: number, happens: () => Promise<unknown>): Db {
  let answers = 0;
  return db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      answers += 1;
      if (answers === number) await happens();
      return result;
    },
  });
}

type Change = [name: string, from: KeyKind, change: (vault: TestVault) => Promise<unknown>];
const changes: Change[] = [
  ['key rotate', 'file', (vault) => rotateDataKey(vault, actor)],
  ['a key file in place of another', 'file', (vault) => replaceKey(vault, { kind: 'file' }, actor)],
  ['the keychain in place of a file', 'file', (vault) => replaceKey(vault, { kind: 'keychain' }, actor)],
  ['a file in place of the keychain', 'keychain', (vault) => replaceKey(vault, { kind: 'file' }, actor)],
  ['a new key in the keychain', 'keychain', (vault) => replaceKey(vault, { kind: 'keychain' }, actor)],
  [
    'a passphrase in place of a file',
    'file',
    (vault) => replaceKey(vault, { kind: 'passphrase', passphrase }, actor),
  ],
];

describe('a process that starts during a change of keys', () => {
  it.each(changes)('reads every token although this happens in the meantime: %s', async (_, from, change) => {
    for (const number of [1, 2]) {
      const { open, stored } = await machineWith(from);
      const [starting, changing] = [await open(), await open()];
      const db = afterQuery(starting.db, number, () => change(changing));
      const keys = await VaultKeys.open(db, starting.keys.source);
      expect(keys.ring.primaryKey.id).toBe(changing.keys.ring.primaryKey.id);
      expect(await openAll(await open(), stored.keys())).toEqual(stored);
    }
  });

  it.each(changes)('reads every token between two steps of this: %s', async (_, from, change) => {
    let reached = true;
    for (let number = 1; reached; number += 1) {
      reached = false;
      const { settings, open, stored } = await machineWith(from);
      const changing = atTransaction(await open(), number, async () => {
        reached = true;
        expect(await openAll(await open(), stored.keys())).toEqual(stored);
      });
      await change(changing);
      const after = await open();
      expect(await openAll(after, stored.keys())).toEqual(stored);
      const { keys, unfinished } = await keyStatus(after);
      expect({ count: keys.length, unfinished }).toEqual({ count: 1, unfinished: null });
      if (keys[0]?.kind !== 'file') continue;
      const key = readKeyFile(keyFilePath(settings));
      expect(key && keyId(key)).toBe(keys[0].id);
      expect(existsSync(`${keyFilePath(settings)}.next`)).toBe(false);
    }
  });
});

describe('an interrupted change of keys', () => {
  it('leaves a key if one process reverts it while another finishes it', async () => {
    const { open, stored } = await machineWith('keychain');
    const [ending, takingBack] = [await open(), await open()];
    const started = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    // The transactions of each: to begin, then to end; and to take back what the other one began.
    atTransaction(ending, 2, async () => {
      started.resolve();
      await mayEnd.promise;
    });
    const ended = replaceKey(ending, { kind: 'keychain' }, actor);
    await started.promise;
    atTransaction(takingBack, 1, async () => {
      mayEnd.resolve();
      await ended;
    });
    const error = await brokerErrorOf(() => replaceKey(takingBack, { kind: 'file' }, actor));
    expect(error.code).toBe('E_KEY_BUSY');
    const after = await open();
    expect(await listKeyEncryptionKeys(after.db)).toHaveLength(1);
    expect(await openAll(after, stored.keys())).toEqual(stored);
  });
});
