import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Vault } from '../../src/vault/context.ts';
import { keyStatus } from '../../src/vault/key-operations/key-status.ts';
import type { KeyKind } from '../../src/vault/keys/create-key.ts';
import { openVault } from '../../src/vault/vault.ts';
import { builtOperate } from '../support/crash/build-operations.ts';
import { everyState, thinned } from '../support/crash/crash-states.ts';
import { filesIn } from '../support/crash/disk.ts';
import { haveEverything, machineAt, newMachine } from '../support/crash/file-keychain.ts';
import { expectStored, readStore } from '../support/crash/read-store.ts';
import { recordWrites } from '../support/crash/recorded-writes.ts';
import { straceMissing } from '../support/crash/strace.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const operate = builtOperate();

/*
 * A change of the key from one place to another, killed or without power anywhere: in the database, in a keychain, and
 * with the key files. In each of the states that this leaves, every token opens, and doing it once more ends it.
 */
const kinds: KeyKind[] = ['keychain', 'file', 'passphrase'];
const changes = kinds
  .flatMap((from) => kinds.map((to): [KeyKind, KeyKind] => [from, to]))
  // A key file takes the place of another one. With the others, a new one of the same kind is like one of another.
  .filter(([from, to]) => from !== to || to === 'file' || thinned === 1);

async function vaultAt(home: string): Promise<Vault> {
  return await openVault(machineAt(home).settings, {
    keychain: machineAt(home).keychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
}

/** In its own process, where a passphrase costs less. */
function run(home: string, args: string[]): void {
  execFileSync(process.execPath, [operate, home, ...args]);
}

function storeWith(kind: KeyKind): string {
  const home = join(temporaryFolder(), 'home');
  newMachine(home, kind);
  run(home, ['import', 'acme', 'A']);
  haveEverything(home);
  return home;
}

const stored = new Map([['acme', new Set(['A'])]]);
/** Ending it takes longer than looking. */
const endEvery = thinned === 1 ? 1 : 12;

describe.skipIf(straceMissing !== null)(
  `killed, or without power${straceMissing ? `: ${straceMissing}` : ''}`,
  () => {
    it.each(changes)(
      'keeps every token readable from %s to %s, and the next run finishes it',
      async (from, to) => {
        const home = storeWith(from);
        const before = filesIn(home);
        const recorded = recordWrites(home, operate, [home, 'replace', to]);
        let turn = 0;
        const { states } = await everyState(before, recorded, thinned, async (at, said) => {
          haveEverything(at);
          expectStored((await readStore(await vaultAt(at))).found, stored);
          turn += 1;
          if (turn % endEvery !== 0) return;
          if (!said.includes('done')) run(at, ['replace', to]);
          const after = await vaultAt(at);
          const status = await keyStatus(after);
          expect(status).toMatchObject({ keys: [{ kind: to, usedHere: true }], unfinished: null });
          expectStored((await readStore(after)).found, stored);
        });
        expect(states).toBeGreaterThan(10);
        expect(turn).toBe(states);
      },
    );
  },
);
