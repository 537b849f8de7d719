import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { newDataKey } from '../../src/keys/data-key.ts';
import { readKeyFile, writeKeyFile } from '../../src/keys/key-file.ts';
import { KeyRing } from '../../src/keys/key-ring.ts';
import { verifyAudit } from '../../src/store/audit.ts';
import { newStoreAsOf } from '../../src/store/store.ts';
import { chunksOf, openBackup } from '../../src/vault/backup/read.ts';
import { beginSignIn } from '../../src/vault/begin-sign-in.ts';
import { closeVault, openVault, type Vault } from '../../src/vault/vault.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { noKeychain } from '../vault/vaults.ts';
import { usualToken } from '../webex/fake-tokens.ts';
import { Disk, type Files, filesIn, layOut } from './disk.ts';
import { type Change, recordWrites } from './recorded-writes.ts';
import { straceMissing } from './strace.ts';

/*
 * Each operation runs once, with everything recorded that it does to its files. From that, every state is built that a
 * kill between any two of its writes leaves behind, and the states that a power cut there may leave: without what was
 * not synced, with it, and with any part of it. In each of them the store has to open, and to hold what was said to be
 * stored by then.
 */
const script = join(import.meta.dirname, 'operate.ts');

async function vaultAt(home: string): Promise<Vault> {
  return await openVault(readSettings({ WEBEX_TOKEN_HOME: home }), {
    keychain: noKeychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
}

/** A store with these profiles, each with a token of its own letter. */
function prepared(profiles: Record<string, string>): string {
  const home = join(temporaryFolder(), 'home');
  for (const [profile, letter] of Object.entries(profiles)) {
    recordOrRun(home, ['import', profile, letter]);
  }
  return home;
}

function recordOrRun(home: string, args: string[]): Change[] {
  return recordWrites(home, script, [home, ...args]);
}

/** What somebody counts on: which letters each profile's tokens are filled with. */
type Expected = Map<string, Set<string>>;

async function look(home: string): Promise<{ found: Expected; current: Map<string, string> }> {
  const vault = await vaultAt(home);
  try {
    expect((await verifyAudit(vault.db)).broken).toBeNull();
    const rows = await vault.db
      .selectFrom('token')
      .innerJoin('profile', 'profile.id', 'token.profile_id')
      .select(['token.id', 'profile_id', 'sealed', 'name', 'state'])
      .execute();
    const found: Expected = new Map();
    const current = new Map<string, string>();
    for (const { id, profile_id, sealed, name, state } of rows) {
      const value = await vault.keys.open(sealed, { tokenId: id, profileId: profile_id });
      // Whole, or not there: a part of a token would not be of this form.
      const letter = value[0] ?? '';
      expect(value).toBe(usualToken({ filler: letter }));
      found.set(name, (found.get(name) ?? new Set()).add(letter));
      if (state === 'current') current.set(name, letter);
    }
    return { found, current };
  } finally {
    await closeVault(vault);
  }
}

function expectStored(found: Expected, expected: Expected): void {
  for (const [profile, letters] of expected) {
    for (const letter of letters) expect([...(found.get(profile) ?? [])]).toContain(letter);
  }
}

/**
 * Long operations are many hundred writes within few transactions, which are all alike to whoever opens the store: of
 * those every fortieth is looked at, beside everything that is synced, renamed or said. WEBEX_TOKEN_TEST_LONG: all.
 */
const thinned = process.env.WEBEX_TOKEN_TEST_LONG === undefined ? 40 : 1;

interface Outcome {
  states: number;
}

/** Goes through every state, and has `check` look at the ones that it has not seen yet. */
async function everyState(
  before: Files,
  changes: Change[],
  check: (home: string, said: string[]) => Promise<void>,
  every = 1,
): Promise<Outcome> {
  const folder = temporaryFolder();
  const start = join(folder, 'start');
  layOut(before, start);
  const disk = new Disk(start);
  const said: string[] = [];
  const seen = new Set<string>();
  const random = seeded(7);
  let states = 0;
  const lookAt = async (files: Files, after: string) => {
    const state = digest(files, said);
    if (seen.has(state)) return;
    seen.add(state);
    states += 1;
    const home = join(folder, 'state');
    layOut(files, home);
    try {
      await check(home, said);
    } catch (error) {
      throw new Error(`after ${after}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      rmSync(home, { recursive: true });
    }
  };
  for (const [at, change] of changes.entries()) {
    if (change.what === 'say') said.push(change.line);
    disk.apply(change);
    if (change.what === 'write' && at % every !== 0) continue;
    const after = `change ${at}, ${change.what} ${'path' in change ? change.path : change.line}`;
    await lookAt(disk.killed(), `a kill, ${after}`);
    // Power only matters where something may last or not.
    if (change.what !== 'create') {
      for (const files of disk.powerLost(() => random() < 0.5)) await lookAt(files, `a power cut, ${after}`);
    }
  }
  return { states };
}

function digest(files: Files, said: string[]): string {
  const hash = createHash('sha256').update(said.join('\n'));
  for (const [name, bytes] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    hash.update(`${name} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** The same choices on every run (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

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

const minutes = 60_000;

describe.skipIf(straceMissing !== null)(
  `killed, or without power${straceMissing ? `: ${straceMissing}` : ''}`,
  () => {
    test(
      'a first run: what was stored is there, and it goes on from anywhere',
      async () => {
        const home = join(temporaryFolder(), 'home');
        mkdirSync(home, { mode: 0o700 });
        const changes = recordOrRun(home, ['import', 'acme', 'A']);
        const { states } = await everyState(new Map(), changes, async (at, said) => {
          const { found } = await look(at);
          expectStored(found, expectedFrom(said, {}));
        });
        expect(states).toBeGreaterThan(30);
      },
      5 * minutes,
    );

    test(
      'capture and renewal: the old token stays, the new one is there once it was said to be',
      async () => {
        const home = prepared({ acme: 'A' });
        const vault = await vaultAt(home);
        const { authorizeUrl } = await beginSignIn(vault, { profile: 'acme' }, 'this browser');
        await closeVault(vault);
        const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
        const before = filesIn(home);
        const changes = recordOrRun(home, ['capture', 'acme', 'B', state, 'this browser']);
        const { states } = await everyState(before, changes, async (at, said) => {
          const { found, current } = await look(at);
          expectStored(found, expectedFrom(said, { acme: 'A' }));
          if (said.includes('current acme B')) expect(current.get('acme')).toBe('B');
          // Its state was used up together with the token, or not at all.
          const again = await vaultAt(at);
          const { length } = await again.db
            .selectFrom('sign_in')
            .select('id')
            .where('consumed_at', 'is not', null)
            .execute();
          await closeVault(again);
          expect(length).toBe(found.get('acme')?.has('B') ? 1 : 0);
        });
        expect(states).toBeGreaterThan(10);
      },
      5 * minutes,
    );

    const tokens = { acme: 'A', beta: 'B' };

    test.each(['rotate', 'replace'])(
      '%s: every token opens in between, and the next run ends it',
      async (what) => {
        const home = prepared(tokens);
        const before = filesIn(home);
        const changes = recordOrRun(home, [what]);
        let turn = 0;
        const { states } = await everyState(before, changes, async (at) => {
          const { found } = await look(at);
          expectStored(found, expectedFrom([], tokens));
          turn += 1;
          if (turn % 10 !== 0) return;
          const { replaceKey } = await import('../../src/vault/replace-key.ts');
          const { rotateDataKey } = await import('../../src/vault/rotate-data-key.ts');
          const vault = await vaultAt(at);
          if (what === 'rotate') await rotateDataKey(vault, {});
          else await replaceKey(vault, { kind: 'file' }, {});
          await closeVault(vault);
          expectStored((await look(at)).found, expectedFrom([], tokens));
        });
        expect(states).toBeGreaterThan(20);
      },
      5 * minutes,
    );

    test(
      'backup: the file is not there, or whole and on the disk; the store is as it was',
      async () => {
        const home = prepared(tokens);
        const before = filesIn(home);
        const changes = recordOrRun(home, ['backup']);
        const { states } = await everyState(before, changes, async (at, said) => {
          expectStored((await look(at)).found, expectedFrom([], tokens));
          const file = join(at, 'store.backup');
          if (said.includes('done')) expect(existsSync(file)).toBe(true);
          if (!existsSync(file)) return;
          const settings = readSettings({ WEBEX_TOKEN_HOME: at });
          const own = { settings, keychain: noKeychain, now: Date.now, notice: () => {} };
          const backup = await openBackup(file, { own, backupPassphrase: null });
          let profiles = 0;
          for await (const chunk of chunksOf(file, backup)) {
            profiles += chunk.filter(([table]) => table === 'profile').length;
          }
          expect(profiles).toBe(2);
        });
        expect(states).toBeGreaterThan(5);
      },
      5 * minutes,
    );

    test(
      'restore: the old store or the restored one, whole, and the old one aside once it is replaced',
      async () => {
        const home = prepared({ acme: 'A' });
        recordOrRun(home, ['backup']);
        recordOrRun(home, ['import', 'beta', 'B']);
        const before = filesIn(home);
        const changes = recordOrRun(home, ['restore']);
        const { states } = await everyState(before, changes, async (at, said) => {
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
      },
      5 * minutes,
    );

    test(
      'migration: the old tables or the new ones, and every token opens',
      async () => {
        const home = join(temporaryFolder(), 'home');
        await oldStore(home);
        const before = filesIn(home);
        const changes = recordOrRun(home, ['open']);
        const { states } = await everyState(before, changes, async (at) => {
          expectStored((await look(at)).found, expectedFrom([], { acme: 'A' }));
        });
        expect(states).toBeGreaterThan(20);
      },
      5 * minutes,
    );
  },
);

/** A store as the first version made it, with one token. */
async function oldStore(home: string): Promise<void> {
  mkdirSync(home, { mode: 0o700 });
  const keyFile = join(home, 'key.jwk');
  writeKeyFile(keyFile, Buffer.alloc(32, 7));
  const key = readKeyFile(keyFile) ?? Buffer.alloc(0);
  const dataKey = await newDataKey(key);
  const place = { tokenId: 'token-1', profileId: 'profile-1' };
  const sealed = await new KeyRing([dataKey], key).seal(usualToken({ filler: 'A' }), place);
  const db = await newStoreAsOf(join(home, 'store.db'), '001-vault');
  const insert = async (table: string, row: object) =>
    void (await db
      .insertInto(table as never)
      .values(row as never)
      .execute());
  await insert('key_encryption_key', {
    id: dataKey.keyEncryptionKeyId,
    kind: 'file',
    parameters: '{}',
    created_at: 1,
  });
  await insert('wrapped_data_key', {
    data_key_id: dataKey.dataKeyId,
    key_encryption_key_id: dataKey.keyEncryptionKeyId,
    jwe: dataKey.jwe,
    created_at: 1,
  });
  const profile = { id: 'profile-1', name: 'acme', deployment: 'commercial', scopes: '[]', created_at: 1 };
  await insert('profile', profile);
  await insert('token', {
    id: 'token-1',
    profile_id: 'profile-1',
    state: 'current',
    source: 'import',
    sealed,
    captured_at: 1,
    expires_documented: 2,
    expires_at: 2,
    scopes: '[]',
    warnings: '[]',
  });
  await db.destroy();
}
