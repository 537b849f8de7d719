import { describe, expect, it } from 'vitest';
import type { FaultEffect } from '../../src/simulator/faults.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { SimulatedToken } from '../../src/simulator/webex/tokens.ts';
import { tokenById } from '../../src/store/profiles/tokens.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { type TokenTestResult, testToken } from '../../src/vault/tokens/test-token.ts';
import { verifyToken } from '../../src/vault/tokens/verify-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { simulated } from '../support/test-simulator.ts';
import {
  actor,
  auditLog,
  justCaptured,
  newVault,
  type TestVault,
  today,
} from '../support/vault/test-vault.ts';

interface Setting {
  simulator: Simulator;
  vault: TestVault;
  tokenId: string;
  issued: SimulatedToken;
  prove: () => Promise<TokenTestResult>;
}

/** A profile "acme" whose current token is this account's. */
async function holding(account = 'full-admin', more: { lifetimeSeconds?: number } = {}): Promise<Setting> {
  let clock = () => today;
  const simulator = await simulated({ now: () => clock() });
  const vault = await newVault(simulator);
  clock = vault.now;
  const issued = simulator.issueToken(account, more);
  const tokenId = await importToken(vault, { profile: 'acme' }, justCaptured(issued.accessToken), actor);
  await verifyToken(vault, tokenId, actor, true);
  simulator.requests.length = 0;
  return { simulator, vault, tokenId, issued, prove: () => testToken(vault, 'acme', actor) };
}

function results({ checks }: TokenTestResult): Record<string, boolean | null> {
  return Object.fromEntries(checks.map(({ id, ok }) => [id, ok]));
}

const allPass = {
  'token-accepted': true,
  organization: true,
  'full-admin': true,
  'entra-test-connection': true,
  'entra-test-groups': true,
  'okta-test-credentials': true,
};

describe('testToken', () => {
  it('passes a good token in every check, with the requests that the providers send', async () => {
    const { simulator, vault, prove } = await holding();
    const proof = await prove();
    expect(proof.ok).toBe(true);
    expect(Object.keys(results(proof))).toEqual(Object.keys(allPass));
    expect(results(proof)).toEqual(allPass);
    expect(simulator.requests.map(({ path }) => path).sort()).toEqual([
      '/v1/authorizations/tokenExpiry',
      '/v1/people/me',
      expect.stringMatching(/^\/v1\/scim\/[0-9a-f-]{36}\/Groups$/),
      expect.stringMatching(/^\/v1\/scim\/[0-9a-f-]{36}\/Users$/),
      expect.stringMatching(/^\/v1\/scim\/[0-9a-f-]{36}\/Users$/),
    ]);
    expect(await auditLog(vault)).toContain('test ok acme');
  });

  it('passes an address without /Groups, and reports it', async () => {
    const { simulator, prove } = await holding();
    simulator.settings.groups = 'missing';
    const proof = await prove();
    expect(proof.ok).toBe(true);
    expect(proof.checks.find(({ id }) => id === 'entra-test-groups')).toEqual({
      id: 'entra-test-groups',
      ok: null,
      message: 'Webex has no /Groups at this address, so groups cannot be provisioned from Entra ID.',
    });
  });

  it.each([
    ['user-admin', 'full-admin', false, /not a full administrator/],
    ['ordinary', 'full-admin', false, /not an administrator/],
    ['no-roles', 'full-admin', null, /did not report the roles/],
  ] as const)('reports for the token of %s: %s is %s', async (account, id, ok, words) => {
    const proof = await (await holding(account)).prove();
    const check = proof.checks.find((each) => each.id === id);
    expect(check).toMatchObject({ ok, message: expect.stringMatching(words), help: expect.any(String) });
    expect(proof.ok).toBe(ok !== false);
  });

  it('names both organizations if the token belongs to another one', async () => {
    const { vault, simulator, prove } = await holding();
    const other = simulator.issueToken('other-organization');
    const tokenId = await importToken(vault, { profile: 'acme' }, other.accessToken, actor);
    await verifyToken(vault, tokenId, actor, true);
    const proof = await prove();
    expect(proof.ok).toBe(false);
    const check = proof.checks.find(({ id }) => id === 'organization');
    expect(check?.ok).toBe(false);
    expect(check?.message).toContain(other.account.organization.id);
    expect(await auditLog(vault)).toContain('test organization acme');
  });

  it('marks a token as rejected since the first rejection, until Webex accepts it', async () => {
    const { simulator, vault, tokenId, prove } = await holding();
    const lift = simulator.faults.add({ path: '/v1', effect: 401 });
    const proof = await prove();
    expect(results(proof)).toEqual({
      'token-accepted': false,
      organization: null,
      'full-admin': null,
      'entra-test-connection': false,
      'entra-test-groups': false,
      'okta-test-credentials': false,
    });
    expect((await tokenById(vault.db, tokenId))?.rejectedAt).toBe(today);
    vault.setNow(today + 5000);
    await prove();
    expect((await tokenById(vault.db, tokenId))?.rejectedAt).toBe(today);
    lift();
    expect((await prove()).ok).toBe(true);
    expect(await tokenById(vault.db, tokenId)).toMatchObject({ rejectedAt: null, verifiedAt: today + 5000 });
    expect((await auditLog(vault)).slice(-3)).toEqual([
      'test rejected acme',
      'test rejected acme',
      'test ok acme',
    ]);
  });

  describe('testToken, without a clear response', () => {
    const effects: [string, FaultEffect, RegExp][] = [
      ['403', { effect: 403 }, /403/],
      ['404', { effect: 404 }, /404/],
      ['429 with Retry-After', { effect: 429, retryAfter: 17 }, /429[\s\S]*17 seconds/],
      ['429 without', { effect: 429 }, /does not say how long/],
      ['503', { effect: 503 }, /reports a server error/],
      ['HTML', { effect: 'html' }, /web page/],
      ['a cut connection', { effect: 'reset' }, /was interrupted/],
    ];
    it.each(effects)('explains the failure and marks nothing: %s', async (_, effect, words) => {
      const { simulator, vault, tokenId, prove } = await holding();
      simulator.faults.add({ path: '/v1', ...effect });
      const proof = await prove();
      expect(proof.ok).toBe(false);
      expect(results(proof)).toMatchObject({
        'token-accepted': false,
        'entra-test-connection': false,
        'okta-test-credentials': false,
      });
      for (const id of ['token-accepted', 'entra-test-connection'] as const) {
        const check = proof.checks.find((each) => each.id === id);
        expect(`${check?.message} ${check?.help}`).toMatch(words);
      }
      expect((await tokenById(vault.db, tokenId))?.rejectedAt).toBeNull();
    });

    it('makes no statement about a response that did not arrive', async () => {
      const { simulator, prove } = await holding();
      simulator.faults.add({ path: '/v1', effect: 'reset' });
      const { checks } = await prove();
      const later = checks.filter(({ id }) => id !== 'token-accepted');
      expect(later.map(({ ok, message }) => [ok, message.replace(/\. .*/s, '.')])).toEqual([
        [null, 'Not tested, because the account of the token is unknown.'],
        [null, 'Not tested, because the account of the token is unknown.'],
        [false, 'Entra ID’s Test Connection could not be tried from here.'],
        [false, 'Entra ID’s Test Connection for groups could not be tried from here.'],
        [false, 'Okta’s Test API Credentials could not be tried from here.'],
      ]);
    });

    it('accepts the token if only the SCIM service fails', async () => {
      const { simulator, prove } = await holding();
      simulator.faults.add({ path: '/v1/scim', effect: 404 });
      const proof = await prove();
      expect(results(proof)).toEqual({
        ...allPass,
        'entra-test-connection': false,
        'entra-test-groups': null,
        'okta-test-credentials': false,
      });
      expect(proof.checks.at(-1)?.help).toMatch(/tenant URL is wrong/);
    });
  });

  it('stores the date that Webex confirms', async () => {
    const { simulator, vault, tokenId, prove, issued } = await holding();
    simulator.settings.tokenExpiry = 'forbidden';
    await vault.db.updateTable('token').set({ expires_confirmed: null, expires_at: 5 }).execute();
    await vault.db.updateTable('reminder_schedule').set({ next_at: 7 }).execute();
    await prove();
    const row = () =>
      vault.db
        .selectFrom('token')
        .innerJoin('reminder_schedule', 'reminder_schedule.token_id', 'token.id')
        .select(['expires_confirmed', 'expires_at', 'next_at'])
        .where('channel', '=', 'mail')
        .executeTakeFirst();
    expect(await row()).toEqual({ expires_confirmed: null, expires_at: 5, next_at: 7 });
    simulator.settings.tokenExpiry = 'allowed';
    await prove();
    expect(await row()).toEqual({
      expires_confirmed: issued.expiresAt,
      expires_at: issued.expiresAt,
      next_at: 0,
    });
    expect((await tokenById(vault.db, tokenId))?.lifetimes.confirmed).toBe(issued.expiresAt);
  });

  it('uses the documented expiry for a token that Webex accepts after the reported one', async () => {
    const { simulator, vault, prove } = await holding();
    simulator.settings.tokenExpiry = 'forbidden';
    const reported = today + 3_887_999_000;
    const documented = today + 365 * 86_400_000;
    await vault.db
      .updateTable('token')
      .set({ expires_confirmed: null, expires_reported: reported, expires_at: reported })
      .execute();
    vault.setNow(reported + 1000);
    const proof = await prove();
    expect(proof.checks[0]?.message).toMatch(/According to the known dates/);
    expect(await vault.db.selectFrom('token').select('expires_at').executeTakeFirst()).toEqual({
      expires_at: documented,
    });
  });

  it('says when a token expired', async () => {
    const { vault, prove } = await holding('full-admin', { lifetimeSeconds: 3600 });
    vault.setNow(today + 3600_000);
    const proof = await prove();
    expect(proof.checks[0]).toMatchObject({
      ok: false,
      message: expect.stringContaining('expired on 2027-03-01T01:00:00.000Z'),
      help: { command: ['login', 'acme'] },
    });
  });

  it('reports that there is nothing to test', async () => {
    const { vault, simulator } = await holding();
    expect(await brokerErrorOf(() => testToken(vault, 'nobody', actor))).toMatchObject({
      code: 'E_NO_PROFILE',
    });
    const { accessToken } = simulator.issueToken('user-admin');
    const tokenId = await importToken(vault, { profile: 'aside' }, accessToken, actor);
    await verifyToken(vault, tokenId, actor);
    const error = await brokerErrorOf(() => testToken(vault, 'aside', actor));
    expect(error).toMatchObject({ code: 'E_NO_TOKEN', help: expect.stringMatching(/needs your review/) });
  });
});
