import { describe, expect, it } from 'vitest';
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
  /** Adds a profile with a verified token. Returns the token's ID. */
  addToken(name: string, accessToken?: string): Promise<string>;
}

async function setting(): Promise<Setting> {
  let clock = () => today;
  const simulator = await simulated({ now: () => clock() });
  const vault = await newVault(simulator);
  clock = vault.now;
  return {
    simulator,
    vault,
    async addToken(name, accessToken = simulator.issueToken('full-admin').accessToken) {
      const id = await importToken(vault, { profile: name }, accessToken, actor);
      await verifyToken(vault, id, actor, true);
      return id;
    },
  };
}

/** Runs every check that is due. Returns "profile outcome" for each. */
async function checkAll(vault: TestVault): Promise<string[]> {
  const done: string[] = [];
  for (;;) {
    const checked = await checkNextToken(vault, half);
    if (checked === null) return done;
    done.push(`${checked.profile} ${checked.outcome}`);
  }
}

describe('checkNextToken', () => {
  it('checks each token once a day, and none that Webex accepted recently', async () => {
    const { simulator, vault, addToken } = await setting();
    await addToken('acme');
    await addToken('globex');
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

  it('spreads tokens that were captured together over the day', async () => {
    const { vault, addToken } = await setting();
    for (const name of ['a', 'b', 'c', 'd']) await addToken(name);
    vault.setNow(today + days(2));
    let number = 0;
    while ((await checkNextToken(vault, () => (number++ % 10) / 10)) !== null);
    const rows = await vault.db.selectFrom('token').select('next_check_at').execute();
    expect(new Set(rows.map(({ next_check_at }) => next_check_at)).size).toBe(4);
    for (const { next_check_at } of rows) {
      expect(Math.abs(next_check_at - vault.now() - days(1))).toBeLessThanOrEqual(days(0.1) + 1);
    }
  });

  it('marks a token as rejected from the first rejection until Webex accepts it again', async () => {
    const { simulator, vault, addToken } = await setting();
    const id = await addToken('acme');
    const lift = simulator.faults.add({ path: '/v1/people/me', effect: 401 });
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

  it('verifies an unverified token: account, organization and expiry', async () => {
    const { simulator, vault, addToken } = await setting();
    const lift = simulator.faults.add({ path: '/v1', effect: 503 });
    const issued = simulator.issueToken('full-admin', { form: 'unknown' });
    const id = await addToken('acme', issued.accessToken);
    expect(await tokenById(vault.db, id)).toMatchObject({
      state: 'current',
      verifiedAt: null,
      account: null,
    });
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

  it('changes nothing without a response, and retries after increasing delays', async () => {
    const { simulator, vault, addToken } = await setting();
    const id = await addToken('acme');
    simulator.faults.add({ path: '/v1', effect: 503 });
    let now = today + days(2);
    const delays: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      vault.setNow(now);
      expect(await checkNextToken(vault, half)).toMatchObject({ outcome: 'server-error', change: null });
      expect(await checkNextToken(vault, half)).toBeNull();
      const next = (await lastCheck(vault.db, id))?.nextAt ?? 0;
      delays.push((next - now) / 60_000);
      now = next;
    }
    expect(delays).toEqual([5, 10, 20, 40]);
    expect((await tokenById(vault.db, id))?.rejectedAt).toBeNull();
    expect(await lastCheck(vault.db, id)).toMatchObject({ outcome: 'server-error' });
  });

  it('waits for as long as a 429 response asks', async () => {
    const { simulator, vault, addToken } = await setting();
    await addToken('acme');
    vault.setNow(today + days(2));
    simulator.faults.add({ path: '/v1', effect: 429, retryAfter: 1200, times: 1 });
    expect(await checkNextToken(vault, half)).toMatchObject({
      outcome: 'rate-limited',
      retryAfterMs: 1_200_000,
    });
  });

  it('checks the other tokens if one cannot be decrypted', async () => {
    const { vault, addToken } = await setting();
    const broken = await addToken('broken');
    await addToken('whole');
    await vault.db.updateTable('token').set({ ciphertext: 'nonsense' }).where('id', '=', broken).execute();
    vault.setNow(today + days(2));
    expect((await checkAll(vault)).sort()).toEqual(['broken unreadable', 'whole ok']);
  });

  it('asks Webex after the reported expiry has passed, and stops after the documented one', async () => {
    const { simulator, vault, addToken } = await setting();
    simulator.settings.tokenExpiry = 'forbidden';
    const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 365 * 86_400 });
    const fragment = new URLSearchParams({
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: '3887999',
      state: 'x',
    });
    const id = await addToken('acme', `#${fragment}`);
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

  it('checks a token once if two servers share the store', async () => {
    const { simulator, vault, addToken } = await setting();
    await addToken('acme');
    vault.setNow(today + days(2));
    simulator.requests.length = 0;
    const both = await Promise.all([checkNextToken(vault, half), checkNextToken(vault, half)]);
    expect(both.filter((each) => each !== null)).toHaveLength(1);
    expect(simulator.requests.filter(({ path }) => path === '/v1/people/me')).toHaveLength(1);
  });

  it('does not postpone checks after the clock was ahead for a while', async () => {
    const { vault, addToken } = await setting();
    const id = await addToken('acme');
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

  it('postpones a recent check to a whole millisecond, the precision of the store', async () => {
    const { vault, addToken } = await setting();
    const tokenId = await addToken('acme');
    await vault.db.updateTable('token').set({ next_check_at: today }).execute();
    expect(await checkNextToken(vault, () => 0.123_456_789_012)).toBeNull();
    const { next_check_at } = await vault.db
      .selectFrom('token')
      .select('next_check_at')
      .where('id', '=', tokenId)
      .executeTakeFirstOrThrow();
    expect(next_check_at).toBeGreaterThan(today);
    expect(Number.isInteger(next_check_at)).toBe(true);
  });
});
