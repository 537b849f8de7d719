import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import type { Vault } from '../../src/vault/context.ts';
import { listSummaries } from '../../src/vault/profiles/profiles.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { builtOperate } from '../support/crash/build-operations.ts';
import { operateInjected } from '../support/crash/fault-injection.ts';
import { fill } from '../support/crash/full-store.ts';
import { straceMissing } from '../support/crash/strace.ts';
import { cloneIsOpen, whySkipped } from '../support/open-to-others.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { actor, newVault, noKeychain, testSettings, today } from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const operate = builtOperate();

async function vaultAt(home: string): Promise<Vault> {
  return await openVault(readSettings({ WEBEX_TOKEN_HOME: home }), {
    keychain: noKeychain,
    fetch: () => Promise.reject(new Error('offline')),
  });
}

/** A store that holds the token of "acme". */
async function storeWithOne(): Promise<string> {
  const home = join(temporaryFolder(), 'home');
  const vault = await vaultAt(home);
  await importToken(vault, { profile: 'acme' }, usualToken({ filler: 'A' }), actor);
  await closeVault(vault);
  return home;
}

async function expectHolds(home: string, profiles: Record<string, string>): Promise<void> {
  const vault = await vaultAt(home);
  try {
    for (const [profile, letter] of Object.entries(profiles)) {
      const { accessToken } = await readToken(vault, profile, actor);
      expect(accessToken).toBe(usualToken({ filler: letter }));
    }
  } finally {
    await closeVault(vault);
  }
}

/** What happens is injected at the N-th call, for N from 1 until the operation gets through. */
async function atEach(
  inject: (count: number) => string,
  look: (home: string, said: string[], stderr: string) => Promise<void>,
  step = 1,
): Promise<number> {
  const home = await storeWithOne();
  for (let count = 1; ; count += step) {
    const copy = join(temporaryFolder(), 'home');
    cpSync(home, copy, { recursive: true });
    chmodSync(copy, 0o700);
    const { said, ended, stderr } = operateInjected(operate, copy, ['import', 'beta', 'B'], inject(count));
    await look(copy, said, stderr);
    if (ended) return count;
  }
}

const long = process.env.WEBEX_TOKEN_TEST_LONG !== undefined;

describe.skipIf(straceMissing !== null)(`with strace${straceMissing ? `: ${straceMissing}` : ''}`, () => {
  // Recorded writes show every state there is; this shows that a real kill leaves those.
  it('loses nothing if it is killed at every sync (with WEBEX_TOKEN_TEST_LONG: at every write)', async () => {
    const calls = long ? 'fsync,fdatasync,pwrite64,ftruncate,unlink,rename' : 'fsync,fdatasync';
    const runs = await atEach(
      (count) => `${calls}:signal=SIGKILL:when=${count}`,
      async (home, said) => {
        await expectHolds(home, { acme: 'A', ...(said.includes('stored beta B') && { beta: 'B' }) });
      },
    );
    expect(runs).toBeGreaterThan(2);
  });

  it('reports a disk that is full from the N-th write on, and loses nothing that was stored', async () => {
    let full = 0;
    const runs = await atEach(
      (count) => `pwrite64:error=ENOSPC:when=${count}+`,
      async (home, said, stderr) => {
        if (said.includes('stored beta B')) await expectHolds(home, { acme: 'A', beta: 'B' });
        else {
          await expectHolds(home, { acme: 'A' });
          expect(stderr).toMatch(/E_STORE_(FULL|DISK|READ_ONLY)/);
          if (stderr.includes('E_STORE_FULL')) full += 1;
        }
      },
      long ? 1 : 9,
    );
    expect(runs).toBeGreaterThan(5);
    expect(full).toBeGreaterThan(0);
  });
});

describe('a full disk', () => {
  it('makes a capture fail with a remedy, keeps stored tokens readable, and does no harm once there is room', async () => {
    const vault = await newVault();
    const { makeRoom } = await fill(vault);
    const held = (await listSummaries(vault)).length;
    expect(
      await brokerErrorOf(() => importToken(vault, { profile: 'acme' }, usualToken(), actor)),
    ).toMatchObject({
      code: 'E_STORE_FULL',
      message: expect.stringContaining('no room left'),
      help: expect.stringContaining('Free some space'),
    });
    expect(await listSummaries(vault)).toHaveLength(held);
    await makeRoom();
    await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    expect(await listSummaries(vault)).toHaveLength(held + 1);
  });
});

describe('a folder that cannot be written', () => {
  const root = process.getuid?.() === 0;
  const nobody = 65_534;

  it.skipIf(root && !cloneIsOpen)(
    `is reported with what to do, and nothing is changed${whySkipped}`,
    async () => {
      const home = await storeWithOne();
      chmodSync(dirname(home), 0o755);
      const names = readdirSync(home);
      for (const name of names) {
        chmodSync(join(home, name), 0o400);
        if (root) chownSync(join(home, name), nobody, nobody);
      }
      if (root) chownSync(home, nobody, nobody);
      chmodSync(home, 0o500);
      const { stderr, status } = spawnSync(process.execPath, [operate, home, 'import', 'beta', 'B'], {
        encoding: 'utf8',
        ...(root && { uid: nobody, gid: nobody }),
        env: { PATH: process.env.PATH, HOME: home },
      });
      chmodSync(home, 0o700);
      expect(status).toBe(1);
      expect(stderr).toMatch(/E_STORE_READ_ONLY/);
      expect(stderr).toMatch(/cannot be opened for writing/);
      expect(readdirSync(home)).toEqual(names);
    },
  );
});

describe('a damaged database', () => {
  it('is reported if it is cut in half, and is neither replaced nor changed', async () => {
    const home = await storeWithOne();
    const file = join(home, 'store.db');
    const size = statSync(file).size / 2;
    truncateSync(file, size);
    const error = await brokerErrorOf(async () => {
      const vault = await vaultAt(home);
      try {
        await readToken(vault, 'acme', actor);
      } finally {
        await closeVault(vault);
      }
    });
    expect(error.code).toBe('E_STORE_DAMAGED');
    expect(error.help).toContain('restore');
    expect(statSync(file).size).toBeGreaterThanOrEqual(size);
  });
});

describe('a clock that is wrong by years', () => {
  const years = 365 * 86_400_000;

  it('is reported if it was set back; tokens stay as they were', async () => {
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings });
    await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    const notices: string[] = [];
    const early = await openVault(settings, {
      keychain: noKeychain,
      fetch: () => Promise.reject(new Error('offline')),
      now: () => today - 57 * years,
      onWarning: (text) => notices.push(text),
    });
    expect(notices.join()).toMatch(/clock .*1970/);
    await importToken(early, { profile: 'beta' }, usualToken({ filler: 'B' }), actor);
    expect((await readToken(early, 'acme', actor)).accessToken).toBe(usualToken());
    await closeVault(early);
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(usualToken());
    expect((await readToken(vault, 'beta', actor, true)).accessToken).toBe(usualToken({ filler: 'B' }));
  });

  it('shows a token as expired if it is ahead, and deletes nothing', async () => {
    const settings = await testSettings();
    const vault = await newVault(undefined, { settings });
    await importToken(vault, { profile: 'acme' }, `access_token=${usualToken()}`, actor);
    vault.setNow(today + 10 * years);
    expect((await brokerErrorOf(() => readToken(vault, 'acme', actor))).code).toBe('E_EXPIRED');
    await importToken(vault, { profile: 'beta' }, `access_token=${usualToken({ filler: 'B' })}`, actor);
    vault.setNow(today);
    // What was written in the meantime is ahead of the clock: a warning says so.
    const notices: string[] = [];
    const next = await openVault(settings, {
      keychain: noKeychain,
      now: () => today,
      onWarning: (text) => notices.push(text),
    });
    await closeVault(next);
    expect(notices.join()).toMatch(/clock shows 2027-03-01, but the store was last written on 2037/);
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(usualToken());
    expect((await readToken(vault, 'beta', actor)).accessToken).toBe(usualToken({ filler: 'B' }));
  });

  it('causes no warning once it is right', async () => {
    const vault = await newVault();
    await importToken(vault, { profile: 'acme' }, usualToken(), actor);
    const again = await newVault(undefined, { settings: vault.settings });
    expect(again.notices).toEqual([]);
  });
});
