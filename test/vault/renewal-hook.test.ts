import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LeaseOwner } from '../../src/process/lease-owner.ts';
import type { HookOptions, HookResult } from '../../src/process/run-hook.ts';
import { rescheduleAfterClockOrConfigChange } from '../../src/reminders/reschedule.ts';
import { hookStatus } from '../../src/store/profiles/activations.ts';
import { updateToken } from '../../src/store/profiles/tokens.ts';
import { type ProfileRow, parseProfileRow } from '../../src/vault/profiles/csv-row.ts';
import { importProfiles } from '../../src/vault/profiles/import-profiles.ts';
import { removeProfile, renameProfile, requireProfile } from '../../src/vault/profiles/profiles.ts';
import { hookSummary } from '../../src/vault/renewals/hook-summary.ts';
import { type HookRun, runDueHooks } from '../../src/vault/renewals/run-renewal-hook.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { approveToken } from '../../src/vault/tokens/review-token.ts';
import { activateStoredToken } from '../../src/vault/tokens/stored-tokens.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  actor,
  allTokens,
  justCaptured,
  newVault,
  testSettings,
  today,
} from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const minute = 60_000;

/** A vault with a renewal hook that runs in the test: `ran` are the profiles that it ran for. */
async function withHook(answer: () => HookResult | Promise<HookResult> = succeed) {
  const renewalHook = join(temporaryFolder(), 'hook');
  writeFileSync(renewalHook, '');
  chmodSync(renewalHook, 0o700);
  const ran: string[] = [];
  const reported: HookRun[] = [];
  const run = async (_file: string, { environment }: HookOptions) => {
    ran.push(environment.WEBEX_TOKEN_PROFILE ?? '');
    return await answer();
  };
  const settings = { ...(await testSettings()), renewalHook };
  const vault = await newVault(undefined, {
    settings,
    runHook: run,
    onHook: (each) => reported.push(each),
  });
  const retry = (leaseOwner?: LeaseOwner) =>
    runDueHooks(vault, { run, onHook: (each) => reported.push(each), ...(leaseOwner && { leaseOwner }) });
  return { vault, ran, reported, retry };
}

const succeed = (): HookResult => ({ error: null, output: [] });
const fail = (): HookResult => ({ error: 'it exited with code 3', output: ['out'] });

type Vault = Awaited<ReturnType<typeof withHook>>['vault'];

/** A new token of a profile. Webex is offline, so that the first one is used unverified. */
async function store(
  vault: Vault,
  { profile = 'acme', filler = 'A', approved = true } = {},
): Promise<string> {
  const token = usualToken({ filler });
  const id = await importToken(vault, { profile }, justCaptured(token), actor);
  await verifyToken(vault, id, actor, approved);
  return id;
}

async function statusOf(vault: Vault, profile = 'acme') {
  return await hookStatus(vault.db, (await requireProfile(vault, profile)).id);
}

/** A hook that runs until `end` is called. */
async function withRunningHook() {
  let end = () => {};
  const started = await withHook(
    () =>
      new Promise<HookResult>((resolve) => {
        end = () => resolve(succeed());
      }),
  );
  return { ...started, end: () => end() };
}

describe('the renewal hook', () => {
  it('runs again soon after the clock was a year ahead for a while', async () => {
    let broken = true;
    const { vault, ran, retry } = await withHook(() => (broken ? fail() : succeed()));
    await rescheduleAfterClockOrConfigChange(vault.db, today, []);
    vault.setNow(today + 365 * 24 * 60 * minute);
    await rescheduleAfterClockOrConfigChange(vault.db, vault.now(), []);
    await store(vault);
    await vault.renewals.idle();
    vault.setNow(today);
    await rescheduleAfterClockOrConfigChange(vault.db, vault.now(), []);
    broken = false;
    expect(await retry()).toBe(1);
    expect(ran).toEqual(['acme', 'acme']);
    expect(await statusOf(vault)).toMatchObject({ state: 'succeeded' });
  });

  it('runs after each way to a new current token', async () => {
    const { vault, ran } = await withHook();
    const first = await store(vault);
    await vault.renewals.idle();
    expect(ran).toEqual(['acme']);
    const second = await importToken(
      vault,
      { profile: 'acme' },
      justCaptured(usualToken({ filler: 'B' })),
      actor,
    );
    await updateToken(vault.db, second, { state: 'needs-review', reviewReason: 'not-full-admin' });
    await vault.renewals.idle();
    expect(ran).toEqual(['acme']);
    await approveToken(vault, second, actor);
    await vault.renewals.idle();
    expect(ran).toEqual(['acme', 'acme']);
    await activateStoredToken(vault, 'acme', first, actor);
    await vault.renewals.idle();
    expect(ran).toEqual(['acme', 'acme', 'acme']);
    // It is current already.
    await activateStoredToken(vault, 'acme', first, actor);
    await vault.renewals.idle();
    expect(ran).toHaveLength(3);
    expect(await statusOf(vault)).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      nextAt: null,
      error: null,
    });
  });

  it('runs after a list of tokens was imported', async () => {
    const { vault, ran } = await withHook();
    const rows = ['acme', 'globex'].map((profile, at) => {
      const cells = {
        profile,
        access_token: `fake-token-for-${profile}`,
        captured_at: '2026-05-01T00:00:00Z',
      };
      return parseProfileRow({ line: at + 2, cells }, today) as ProfileRow;
    });
    await importProfiles(vault, rows, actor);
    await vault.renewals.idle();
    expect(ran.sort()).toEqual(['acme', 'globex']);
  });

  it('does not hold up the renewal: the token is current while it runs', async () => {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const { vault } = await withHook(async () => {
      await ended;
      return succeed();
    });
    await store(vault);
    expect(await allTokens(vault, 'acme')).toEqual([expect.objectContaining({ state: 'current' })]);
    end();
    await vault.renewals.idle();
    expect(await statusOf(vault)).toMatchObject({ state: 'succeeded' });
  });

  it('runs once more for all the tokens that came while it ran', async () => {
    const { vault, ran, end } = await withRunningHook();
    await store(vault);
    await expect.poll(() => ran.length).toBe(1);
    for (const filler of ['B', 'C', 'D']) await store(vault, { filler });
    expect(ran).toHaveLength(1);
    end();
    await expect.poll(() => ran.length).toBe(2);
    end();
    await vault.renewals.idle();
    expect(ran).toHaveLength(2);
    expect(await statusOf(vault)).toMatchObject({ state: 'succeeded' });
  });

  it('is not started by two processes at the same time', async () => {
    let end = () => {};
    const { vault, ran, retry } = await withHook(
      () =>
        new Promise<HookResult>((resolve) => {
          end = () => resolve(succeed());
        }),
    );
    await store(vault);
    await expect.poll(() => ran.length).toBe(1);
    expect(await retry()).toBe(0);
    end();
    await vault.renewals.idle();
    expect(ran).toHaveLength(1);
  });

  it('is taken over from a process that ended, and after its lease', async () => {
    // The hook does not end, as if its process had been killed.
    const { vault, ran, end } = await withRunningHook();
    await store(vault);
    await expect.poll(() => ran.length).toBe(1);
    const run = () => Promise.resolve(succeed());
    const other = (hasExited: boolean): LeaseOwner => ({ id: 'other', hasExited: () => hasExited });
    expect(await runDueHooks(vault, { run, leaseOwner: other(false) })).toBe(0);
    expect(await runDueHooks(vault, { run, leaseOwner: other(true) })).toBe(1);
    expect(await statusOf(vault)).toMatchObject({ state: 'succeeded', attempts: 2 });
    // It ends later: the other process's record stays.
    end();
    await vault.renewals.idle();
    expect(await statusOf(vault)).toMatchObject({ state: 'succeeded', attempts: 2 });
  });

  it('is tried again at increasing intervals, until it succeeds', async () => {
    let answer = fail;
    const { vault, ran, reported, retry } = await withHook(() => answer());
    await store(vault);
    await vault.renewals.idle();
    expect(reported).toEqual([
      { profile: 'acme', error: 'it exited with code 3', output: ['out'], nextAt: today + 5 * minute },
    ]);
    expect(await retry()).toBe(0);
    for (const [attempt, pause] of [
      [2, 10],
      [3, 20],
      [4, 40],
    ] as const) {
      vault.setNow((await statusOf(vault))?.nextAt ?? 0);
      expect(await retry()).toBe(1);
      expect(await statusOf(vault)).toMatchObject({
        state: 'failed',
        attempts: attempt,
        nextAt: vault.now() + pause * minute,
        failingSince: today,
      });
    }
    const { id } = await requireProfile(vault, 'acme');
    expect(await hookSummary(vault, id)).toMatchObject({
      state: 'failed',
      attempts: 4,
      lastError: 'it exited with code 3',
      failingSince: new Date(today).toISOString(),
    });
    answer = succeed;
    vault.setNow(vault.now() + 40 * minute);
    expect(await retry()).toBe(1);
    expect(await hookSummary(vault, id)).toMatchObject({
      state: 'succeeded',
      nextAttemptAt: null,
      lastError: null,
      failingSince: null,
    });
    expect(await retry()).toBe(0);
    expect(ran).toHaveLength(5);
  });

  it('runs at once for the next token, although it is waiting to be tried again', async () => {
    const { vault, ran } = await withHook(fail);
    await store(vault);
    await vault.renewals.idle();
    vault.setNow(today + minute);
    await store(vault, { filler: 'B' });
    await vault.renewals.idle();
    expect(ran).toHaveLength(2);
    // These failures count as one series.
    expect(await statusOf(vault)).toMatchObject({ state: 'failed', attempts: 1, failingSince: today });
  });

  it('gets the new name of a renamed profile, and does not run for a removed one', async () => {
    const { vault, ran, retry } = await withHook(fail);
    await store(vault);
    await store(vault, { profile: 'globex', filler: 'B' });
    await vault.renewals.idle();
    await renameProfile(vault, 'acme', 'acme-2', actor);
    await removeProfile(vault, 'globex', actor);
    ran.length = 0;
    vault.setNow(today + 60 * minute);
    await retry();
    expect(ran).toEqual(['acme-2']);
  });

  it('is not started after someone else could change it, and this counts as a failure', async () => {
    const { vault, ran, reported, retry } = await withHook(fail);
    await store(vault);
    await vault.renewals.idle();
    chmodSync(vault.settings.renewalHook ?? '', 0o777);
    vault.setNow(today + 60 * minute);
    await retry();
    expect(ran).toHaveLength(1);
    expect(reported.at(-1)?.error).toMatch(/^it was not started: .* can be changed by other users/);
  });

  it('is not recorded if none is set up', async () => {
    const vault = await newVault();
    await store(vault);
    await vault.renewals.idle();
    expect(await statusOf(vault)).toBeNull();
    expect(await runDueHooks(vault)).toBe(0);
  });

  it('stops after five failures in a row, and leaves the other profiles for the next run', async () => {
    const { vault, ran, retry } = await withHook(fail);
    for (let at = 0; at < 7; at += 1) {
      await store(vault, { profile: `acme-${at}`, filler: String.fromCharCode(65 + at) });
    }
    await vault.renewals.idle();
    ran.length = 0;
    vault.setNow(today + 60 * minute);
    expect(await retry()).toBe(5);
    expect(await retry()).toBe(2);
  });
});
