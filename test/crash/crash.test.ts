import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { chunksOf, openBackup } from '../../src/vault/backup/read.ts';
import { writeBackup } from '../../src/vault/backup/write.ts';
import type { Vault } from '../../src/vault/context.ts';
import { rotateDataKey } from '../../src/vault/key-operations/rotate-data-key.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { startSignIn } from '../../src/vault/sign-in/start-sign-in.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { builtOperate } from '../support/crash/build-operations.ts';
import { everyState, thinned } from '../support/crash/crash-states.ts';
import { filesIn } from '../support/crash/disk.ts';
import { oldStore } from '../support/crash/old-store.ts';
import { type Expected, expectStored, readStore } from '../support/crash/read-store.ts';
import { type Change, recordWrites } from '../support/crash/recorded-writes.ts';
import { straceMissing } from '../support/crash/strace.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { noKeychain } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const operate = builtOperate();

/*
 * Each operation runs once, with everything recorded that it does to its files. From that, every state is built that a
 * kill between any two of its writes leaves behind, and the states that a power cut there may leave: without what was
 * not synced, with it, and with any part of it. In each of them the store has to open, and to hold what was confirmed as
 * stored by then.
 */
async function vaultAt(home: string): Promise<Vault> {
  return await openVault(readSettings({ WEBEX_TOKEN_HOME: home }), {
    keychain: noKeychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
}

/** A store with these profiles, each with a token made of another letter. */
async function prepared(profiles: Record<string, string>): Promise<string> {
  const home = join(temporaryFolder(), 'home');
  for (const [profile, letter] of Object.entries(profiles)) await store(home, profile, letter);
  return home;
}

async function store(home: string, profile: string, letter: string): Promise<void> {
  const vault = await vaultAt(home);
  await importToken(vault, { profile }, usualToken({ filler: letter }), {});
  await closeVault(vault);
}

function record(home: string, args: string[]): Change[] {
  return recordWrites(home, operate, [home, ...args]);
}

const look = async (home: string) => await readStore(await vaultAt(home));

function expectedFrom(said: string[], before: Record<string, string>): Expected {
  const expected: Expected = new Map(
    Object.entries(before).map(([name, letter]) => [name, new Set([letter])]),
  );
  for (const line of said) {
    const [word, profile = '', letter = ''] = line.split(' ');
    if (word === 'stored') expected.set(profile, (expected.get(profile) ?? new Set()).add(letter));
  }
  return expected;
}

describe.skipIf(straceMissing !== null)(
  `killed, or without power${straceMissing ? `: ${straceMissing}` : ''}`,
  () => {
    it('keeps what a first run stored, and any command can continue', async () => {
      const home = join(temporaryFolder(), 'home');
      mkdirSync(home, { mode: 0o700 });
      const changes = record(home, ['import', 'acme', 'A']);
      const { states } = await everyState(new Map(), changes, thinned, async (at, said) => {
        const { found } = await look(at);
        expectStored(found, expectedFrom(said, {}));
      });
      expect(states).toBeGreaterThan(20);
    });

    it('keeps the old token during a capture and a renewal, and the new one once it was confirmed', async () => {
      const home = await prepared({ acme: 'A' });
      const vault = await vaultAt(home);
      const { authorizeUrl } = await startSignIn(vault, { profile: 'acme' }, 'this browser');
      await closeVault(vault);
      const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
      const before = filesIn(home);
      const changes = record(home, ['capture', 'acme', 'B', state, 'this browser']);
      const { states } = await everyState(before, changes, 1, async (at, said) => {
        const { found, current, consumed } = await look(at);
        expectStored(found, expectedFrom(said, { acme: 'A' }));
        if (said.includes('current acme B')) expect(current.get('acme')).toBe('B');
        // Its state was used up together with the token, or not at all.
        expect(consumed).toBe(found.get('acme')?.has('B') ? 1 : 0);
      });
      expect(states).toBeGreaterThan(10);
    });

    const tokens = { acme: 'A', beta: 'B' };

    it('keeps every token readable during a rotation, and the next run finishes it', async () => {
      const home = await prepared(tokens);
      const before = filesIn(home);
      const changes = record(home, ['rotate']);
      let turn = 0;
      const { states } = await everyState(before, changes, 1, async (at) => {
        expectStored((await look(at)).found, expectedFrom([], tokens));
        turn += 1;
        if (turn % 10 !== 0) return;
        const vault = await vaultAt(at);
        await rotateDataKey(vault, {});
        await closeVault(vault);
        expectStored((await look(at)).found, expectedFrom([], tokens));
      });
      expect(states).toBeGreaterThan(20);
    });

    it('leaves a complete backup or none, and the store unchanged', async () => {
      const home = await prepared(tokens);
      const before = filesIn(home);
      const changes = record(home, ['backup']);
      const { states } = await everyState(before, changes, 1, async (at, said) => {
        expectStored((await look(at)).found, expectedFrom([], tokens));
        const file = join(at, 'store.backup');
        if (said.includes('done')) expect(existsSync(file)).toBe(true);
        if (!existsSync(file)) return;
        const settings = readSettings({ WEBEX_TOKEN_HOME: at });
        const own = { settings, keychain: noKeychain, now: Date.now, onWarning: () => {} };
        const backup = await openBackup(file, { own, backupPassphrase: null });
        let profiles = 0;
        for await (const chunk of chunksOf(file, backup)) {
          profiles += chunk.filter(([table]) => table === 'profile').length;
        }
        expect(profiles).toBe(2);
      });
      expect(states).toBeGreaterThan(5);
    });

    it('leaves the old store or the restored one, complete, and the old one next to it once it is replaced', async () => {
      const home = await prepared({ acme: 'A' });
      const vault = await vaultAt(home);
      await writeBackup(vault, join(home, 'store.backup'), {}, { program: '1' });
      await closeVault(vault);
      await store(home, 'beta', 'B');
      const before = filesIn(home);
      const changes = record(home, ['restore']);
      const { states } = await everyState(before, changes, thinned, async (at, said) => {
        const { found } = await look(at);
        expectStored(found, expectedFrom([], { acme: 'A' }));
        if (said.includes('done')) expect(found.has('beta')).toBe(false);
        if (found.has('beta')) return;
        // The store was replaced: what it held can be had from aside.
        const aside = [...filesIn(at).keys()].find(
          (name) => name.startsWith('store-before-restore-') && name.endsWith('.db'),
        );
        expect(aside).toBeDefined();
      });
      expect(states).toBeGreaterThan(20);
    });

    it('leaves the old tables or the new ones, and every token readable', async () => {
      const home = join(temporaryFolder(), 'home');
      await oldStore(home);
      const before = filesIn(home);
      const changes = record(home, ['open']);
      const { states } = await everyState(before, changes, thinned, async (at) => {
        expectStored((await look(at)).found, expectedFrom([], { acme: 'B', agency: 'G' }));
      });
      expect(states).toBeGreaterThan(10);
    });
  },
);
