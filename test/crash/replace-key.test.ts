import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { importToken } from '../../src/vault/import-token.ts';
import { keyStatus } from '../../src/vault/key-status.ts';
import type { KeyKind } from '../../src/vault/make-key.ts';
import { replaceKey } from '../../src/vault/replace-key.ts';
import { closeVault, openVault, type Vault } from '../../src/vault/vault.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { usualToken } from '../webex/fake-tokens.ts';
import { filesIn } from './disk.ts';
import { haveEverything, machineAt, newMachine, replacement } from './key-places.ts';
import { expectStored, lookInto } from './look.ts';
import { operate } from './operate-built.ts';
import { recordWrites } from './recorded-writes.ts';
import { everyState, thinned } from './states.ts';
import { straceMissing } from './strace.ts';

vi.mock('../../src/keys/passphrase.ts', async (original) => ({
  ...(await original<typeof import('../../src/keys/passphrase.ts')>()),
  newScryptParameters: () => ({ salt: randomBytes(16).toString('base64url'), N: 2 ** 10, r: 8, p: 1 }),
}));

/*
 * A change of the key from one place to another, killed or without power anywhere: in the database, in a keychain, and
 * with the key files. In each of the states that this leaves, every token opens, and doing it once more ends it.
 */
const kinds: KeyKind[] = ['keychain', 'file', 'passphrase'];
const changes = kinds.flatMap((from) => kinds.map((to): [KeyKind, KeyKind] => [from, to]));

async function vaultAt(home: string): Promise<Vault> {
  return await openVault(machineAt(home).settings, {
    keychain: machineAt(home).keychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
}

async function storeWith(kind: KeyKind): Promise<string> {
  const home = join(temporaryFolder(), 'home');
  newMachine(home, kind);
  const vault = await vaultAt(home);
  await importToken(vault, { profile: 'acme' }, usualToken({ filler: 'A' }), {});
  expect(vault.keys.held.info.kind).toBe(kind);
  await closeVault(vault);
  haveEverything(home);
  return home;
}

const stored = new Map([['acme', new Set(['A'])]]);
/** Ending it takes longer than looking. */
const endEvery = thinned === 1 ? 1 : 6;

describe.skipIf(straceMissing !== null)(
  `killed, or without power${straceMissing ? `: ${straceMissing}` : ''}`,
  { timeout: 900_000 },
  () => {
    test.each(changes)(
      'from %s to %s: every token opens in between, and the next run ends it',
      async (from, to) => {
        const home = await storeWith(from);
        const before = filesIn(home);
        const recorded = recordWrites(home, operate, [home, 'replace', to]);
        let turn = 0;
        const { states } = await everyState(before, recorded, thinned, async (at, said) => {
          haveEverything(at);
          expectStored((await lookInto(await vaultAt(at))).found, stored);
          turn += 1;
          if (turn % endEvery !== 0) return;
          const vault = await vaultAt(at);
          if (said.includes('done')) expect(vault.keys.held.info.kind).toBe(to);
          await replaceKey(vault, replacement(to), {});
          await closeVault(vault);
          const after = await vaultAt(at);
          const status = await keyStatus(after);
          expect(status).toMatchObject({ keys: [{ kind: to, usedHere: true }], unfinished: null });
          expectStored((await lookInto(after)).found, stored);
        });
        expect(states).toBeGreaterThan(10);
        expect(turn).toBe(states);
      },
    );
  },
);
