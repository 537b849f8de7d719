import { afterEach, describe, expect, it, vi } from 'vitest';
import { startBackgroundJobs } from '../../src/background/background-jobs.ts';
import { sleep } from '../../src/background/sleep.ts';
import { defaultReminderDays } from '../../src/domain/reminder-triggers.ts';
import type { Vault } from '../../src/vault/context.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { days, running, type TestChannel, testChannel } from '../support/reminders/reminder-fixtures.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, justCaptured, newVault, type TestVault, today } from '../support/vault/test-vault.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };

interface Sleeper {
  wakesAt: number;
  wake: () => void;
}

/** The loops of the background jobs: reminders and checks. */
const loops = 2;

/** Loops look for work every ten minutes. Here they sleep for an hour, as after a suspend: a day takes a sixth of the work. */
const shortestSleepMs = 3_600_000;

/** A clock that advances only while every loop sleeps. */
function simulatedTime(vault: TestVault) {
  const sleepers: Sleeper[] = [];
  const longest = { ms: 0 };
  let allAsleep = Promise.withResolvers<void>();
  return {
    longest,
    pause: (milliseconds: number, signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        longest.ms = Math.max(longest.ms, milliseconds);
        sleepers.push({ wakesAt: vault.now() + Math.max(milliseconds, shortestSleepMs), wake: resolve });
        signal.addEventListener('abort', () => resolve());
        if (sleepers.length === loops) allAsleep.resolve();
      }),
    /** Waits until every loop sleeps, then wakes the next one, until that instant. */
    async until(instant: number) {
      for (;;) {
        await allAsleep.promise;
        sleepers.sort((a, b) => a.wakesAt - b.wakesAt);
        const [next] = sleepers;
        if (next === undefined || next.wakesAt >= instant) return;
        sleepers.shift();
        allAsleep = Promise.withResolvers<void>();
        vault.setNow(next.wakesAt);
        next.wake();
      }
    },
  };
}

async function watched(channel: TestChannel) {
  let clock = () => today;
  const simulator = await simulated({ now: () => clock() });
  const vault = await newVault(simulator);
  clock = vault.now;
  vault.settings.reminders = {
    smtpUrl: null,
    mailFrom: null,
    mailTo: [],
    webhookUrl: null,
    webhookSecret: null,
    days: defaultReminderDays,
  };
  const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 4 * 86_400 });
  const id = await importToken(vault, { profile: 'acme' }, justCaptured(accessToken), actor);
  await verifyToken(vault, id, actor);
  const time = simulatedTime(vault);
  const watch = (more: Partial<Vault> = {}) =>
    startBackgroundJobs(
      { ...vault, ...more },
      {
        log: silent,
        channels: [channel],
        leaseOwner: running,
        random: () => 0.5,
        pause: time.pause,
      },
    );
  return { simulator, vault, time, watch };
}

describe('startBackgroundJobs', () => {
  it('sends all reminders of a token and checks it every day', async () => {
    const channel = testChannel();
    const { simulator, vault, time, watch } = await watched(channel);
    const watching = watch();
    simulator.requests.length = 0;
    await time.until(today + days(5));
    expect(channel.received.map(({ trigger }) => trigger)).toEqual(['3', '1', '0', 'expired']);
    expect(simulator.requests.filter(({ path }) => path === '/v1/people/me')).toHaveLength(3);
    expect(time.longest.ms).toBeLessThanOrEqual(days(1));
    expect(vault.now()).toBeGreaterThan(today + days(4.9));
    await watching.close();
  });

  it('sends a reminder at once if a check finds a rejection', async () => {
    const channel = testChannel();
    const { simulator, vault, time, watch } = await watched(channel);
    const watching = watch();
    await time.until(today + days(0.5));
    simulator.revoke('full-admin');
    await time.until(today + days(1.5));
    expect(channel.received.map(({ trigger }) => trigger)).toEqual(['3', 'rejected']);
    const token = await vault.db.selectFrom('token').select('rejected_at').executeTakeFirst();
    const sent = await vault.db
      .selectFrom('reminder')
      .select('sent_at')
      .where('trigger', '=', 'rejected')
      .executeTakeFirst();
    expect(sent?.sent_at).toBe(token?.rejected_at);
    await watching.close();
  });

  it('continues after a failure', async () => {
    const channel = testChannel();
    const { vault, time, watch } = await watched(channel);
    let failures = 3;
    const db = new Proxy(vault.db, {
      get(target, name) {
        if (name === 'selectFrom' && failures > 0) {
          failures -= 1;
          throw new Error('the database went away');
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const watching = watch({ db });
    await time.until(today + days(2.5));
    expect(failures).toBe(0);
    expect(channel.received.map(({ trigger }) => trigger)).toEqual(['3', '1']);
    await watching.close();
  });
});

describe('sleep', () => {
  afterEach(() => {
    // In this order: a spy on a fake clock would restore the fake one.
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('never sets a timer of more than a day', async () => {
    vi.useFakeTimers();
    const set = vi.spyOn(globalThis, 'setTimeout');
    for (const milliseconds of [days(30), Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, -5]) {
      const waiting = sleep(milliseconds, new AbortController().signal);
      await vi.runAllTimersAsync();
      await waiting;
    }
    expect(Math.max(...set.mock.calls.map(([, milliseconds]) => milliseconds ?? 0))).toBe(days(1));
  });

  it('ends early if its signal is aborted', async () => {
    const ending = new AbortController();
    const waiting = sleep(days(1), ending.signal);
    ending.abort();
    await waiting;
    await sleep(days(1), ending.signal);
  });
});
