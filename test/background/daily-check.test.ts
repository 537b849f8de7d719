import { expect, test } from 'vitest';
import { checkNextToken } from '../../src/background/daily-check.ts';
import { rescheduleAfterClockOrConfigChange } from '../../src/reminders/reschedule.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { readCounters } from '../../src/store/meta/counters.ts';
import { farFuture } from '../../src/store/profiles/derived-columns.ts';
import { lastCheck } from '../../src/store/profiles/token-checks.ts';
import { tokenById } from '../../src/store/profiles/tokens.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { days } from '../support/reminders/reminder-fixtures.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, auditLog, newVault, type TestVault, today } from '../support/vault/test-vault.ts';

const half = () => 0.5;

interface Setting {
  simulator: Simulator;
  vault: TestVault;
  /** A profile with a verified token of its own. Its ID. */
  hold(name: string, accessToken?: string): Promise<string>;
}

async function setting(): Promise<Setting> {
  let clock = () => today;
  const simulator = await simulated({ now: () => clock() });
  const vault = await newVault(simulator);
  clock = vault.now;
  return {
    simulator,
    vault,
    async hold(name, accessToken = simulator.issueToken('full-admin').accessToken) {
      const id = await importToken(vault, { profile: name }, accessToken, actor);
      await verifyToken(vault, id, actor, true);
      return id;
    },
  };
}

/** Every check that is due, in short: "profile outcome". */
async function checkAll(vault: TestVault): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const checked = await checkNextToken(vault, half);
    if (checked === null) return done;
    done.push(`${checked.profile} ${checked.outcome}`);
  }
}

test('each token once a day, and none that Webex has accepted a little while ago', async () => {
  const { simulator, vault, hold } = await setting();
  await hold('acme');
  await hold('globex');
  simulator.requests.length = 0;
  expect(await checkAll(vault)).toEqual([]);
  expect(simulator.requests).toEqual([]);
  const seen: string[] = [];
  for (let hour = 0; hour < 24 * 10; hour += 1) {
    vault.setNow(today + hour * 3_600_000);
    seen.push(...(await checkAll(vault)));
  }
  expect(seen.filter((each) => each === 'acme ok')).toHaveLength(9);
  expect(seen.filter((each) => each === 'globex ok')).toHaveLength(9);
  expect(await readCounters(vault.db, 'checks')).toEqual([{ label: 'ok', value: 18 }]);
  expect((await auditLog(vault)).filter((line) => line === 'check ok acme')).toHaveLength(9);
});

test('what was captured together is spread over the day', async () => {
  const { vault, hold } = await setting();
  for (const name of ['a', 'b', 'c', 'd']) await hold(name);
  vault.setNow(today + days(2));
  let number = 0;
  while ((await checkNextToken(vault, () => (number++ % 10) / 10)) !== null);
  const rows = await vault.db.selectFrom('token').select('check_at').execute();
  expect(new Set(rows.map(({ check_at }) => check_at)).size).toBe(4);
  for (const { check_at } of rows) {
    expect(Math.abs(check_at - vault.now() - days(1))).toBeLessThanOrEqual(days(0.1) + 1);
  }
});

test('a token that Webex rejects ahead of its date is marked, since then, and no more once it is accepted', async () => {
  const { simulator, vault, hold } = await setting();
  const id = await hold('acme');
  const lift = simulator.faults.add({ path: '/v1/people/me', answer: 401 });
  vault.setNow(today + days(2));
  expect(await checkNextToken(vault, half)).toMatchObject({ outcome: 'rejected', change: 'rejected' });
  vault.setNow(today + days(4));
  expect(await checkNextToken(vault, half)).toMatchObject({ outcome: 'rejected', change: null });
  expect((await tokenById(vault.db, id))?.rejectedAt).toBe(today + days(2));
  lift();
  vault.setNow(today + days(6));
  expect(await checkNextToken(vault, half)).toMatchObject({ outcome: 'ok', change: 'accepted-again' });
  expect((await tokenById(vault.db, id))?.rejectedAt).toBeNull();
});

test('an unverified token is verified, with its account, organization and date', async () => {
  const { simulator, vault, hold } = await setting();
  const lift = simulator.faults.add({ path: '/v1', answer: 503 });
  const issued = simulator.issueToken('full-admin', { form: 'unknown' });
  const id = await hold('acme', issued.accessToken);
  expect(await tokenById(vault.db, id)).toMatchObject({ state: 'current', verifiedAt: null, account: null });
  lift();
  expect(await checkAll(vault)).toEqual(['acme ok']);
  expect(await tokenById(vault.db, id)).toMatchObject({
    verifiedAt: today,
    account: { email: issued.account.email },
    lifetimes: { confirmed: issued.expiresAt },
  });
  const profile = await vault.db.selectFrom('profile').select('org_id').executeTakeFirst();
  expect(profile?.org_id).toBe(issued.account.organization.id);
});

test('no answer marks nothing, and is tried again after growing pauses', async () => {
  const { simulator, vault, hold } = await setting();
  const id = await hold('acme');
  simulator.faults.add({ path: '/v1', answer: 503 });
  let now = today + days(2);
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 4; attempt += 1) {
    vault.setNow(now);
    expect(await checkNextToken(vault, half)).toMatchObject({ outcome: 'server-error', change: null });
    expect(await checkNextToken(vault, half)).toBeNull();
    const next = (await lastCheck(vault.db, id))?.nextAt ?? 0;
    pauses.push((next - now) / 60_000);
    now = next;
  }
  expect(pauses).toEqual([5, 10, 20, 40]);
  expect((await tokenById(vault.db, id))?.rejectedAt).toBeNull();
  expect(await lastCheck(vault.db, id)).toMatchObject({ outcome: 'server-error' });
});

test('too many requests: Webex is left alone for as long as it says', async () => {
  const { simulator, vault, hold } = await setting();
  await hold('acme');
  vault.setNow(today + days(2));
  simulator.faults.add({ path: '/v1', answer: 429, retryAfter: 1200, times: 1 });
  expect(await checkNextToken(vault, half)).toMatchObject({
    outcome: 'rate-limited',
    retryAfterMs: 1_200_000,
  });
});

test('a token that cannot be opened does not hold up the others', async () => {
  const { vault, hold } = await setting();
  const broken = await hold('broken');
  await hold('whole');
  await vault.db.updateTable('token').set({ sealed: 'nonsense' }).where('id', '=', broken).execute();
  vault.setNow(today + days(2));
  expect((await checkAll(vault)).sort()).toEqual(['broken unreadable', 'whole ok']);
});

test('a reported end that has passed is settled by asking, a documented one is not asked about for ever', async () => {
  const { simulator, vault, hold } = await setting();
  simulator.settings.tokenExpiry = 'forbidden';
  const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 365 * 86_400 });
  const fragment = new URLSearchParams({
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: '3887999',
    state: 'x',
  });
  const id = await hold('acme', `#${fragment}`);
  const expiresAt = async () =>
    (await vault.db.selectFrom('token').select('expires_at').executeTakeFirst())?.expires_at;
  expect(await expiresAt()).toBe(today + 3_887_999_000);
  vault.setNow(today + days(45));
  expect(await checkAll(vault)).toEqual(['acme ok']);
  expect(await expiresAt()).toBe(today + days(365));

  vault.setNow(today + days(365));
  expect(await checkAll(vault)).toEqual([]);
  expect((await lastCheck(vault.db, id))?.nextAt).toBe(farFuture);
});

test('two servers of one store do not both check a token', async () => {
  const { simulator, vault, hold } = await setting();
  await hold('acme');
  vault.setNow(today + days(2));
  simulator.requests.length = 0;
  const both = await Promise.all([checkNextToken(vault, half), checkNextToken(vault, half)]);
  expect(both.filter((each) => each !== null)).toHaveLength(1);
  expect(simulator.requests.filter(({ path }) => path === '/v1/people/me')).toHaveLength(1);
});

test('a clock that stood ahead for a while does not put the checks off until then', async () => {
  const { vault, hold } = await setting();
  const id = await hold('acme');
  await rescheduleAfterClockOrConfigChange(vault.db, today, []);
  vault.setNow(today + days(300));
  await rescheduleAfterClockOrConfigChange(vault.db, vault.now(), []);
  expect(await checkAll(vault)).toEqual(['acme ok']);
  vault.setNow(today + days(2));
  expect(await checkAll(vault)).toEqual([]);
  await rescheduleAfterClockOrConfigChange(vault.db, vault.now(), []);
  expect(await checkAll(vault)).toEqual(['acme ok']);
  expect((await lastCheck(vault.db, id))?.nextAt).toBeLessThan(today + days(4));
});

test('what was looked at a little while ago is put off to a whole millisecond, which is all that the store holds', async () => {
  const { vault, hold } = await setting();
  const tokenId = await hold('acme');
  await vault.db.updateTable('token').set({ check_at: today }).execute();
  expect(await checkNextToken(vault, () => 0.123_456_789_012)).toBeNull();
  const { check_at } = await vault.db
    .selectFrom('token')
    .select('check_at')
    .where('id', '=', tokenId)
    .executeTakeFirstOrThrow();
  expect(check_at).toBeGreaterThan(today);
  expect(Number.isInteger(check_at)).toBe(true);
});
