import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkNextToken } from '../../src/background/daily-check.ts';
import { expiryOf } from '../../src/domain/lifetimes.ts';
import { preparePush } from '../../src/provisioning/push/prepare-push.ts';
import type { FaultEffect } from '../../src/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { simulatedOrganizations } from '../../src/simulator/webex/organizations.ts';
import { defaultSettings } from '../../src/simulator/webex/settings.ts';
import type { IssueOptions } from '../../src/simulator/webex/webex-cloud.ts';
import { saveDestination } from '../../src/store/destinations.ts';
import { setCurrent, updateToken } from '../../src/store/profiles/tokens.ts';
import type { Vault } from '../../src/vault/context.ts';
import { showProfile } from '../../src/vault/profiles/profiles.ts';
import { captureRedirect } from '../../src/vault/sign-in/capture-redirect.ts';
import { readToken } from '../../src/vault/tokens/read-token.ts';
import { reverifyToken } from '../../src/vault/tokens/reverify-token.ts';
import { approveToken, changeOrganization, discardToken } from '../../src/vault/tokens/review-token.ts';
import { testToken } from '../../src/vault/tokens/test-token.ts';
import { verifyPendingTokens } from '../../src/vault/tokens/verify-pending.ts';
import { type VerificationResult, verifyToken } from '../../src/vault/tokens/verify-token.ts';
import {
  actor,
  allTokens,
  auditLog,
  fragment,
  newVault,
  startedSignIn,
  type TestVault,
  today,
} from '../support/vault/test-vault.ts';
import { usualToken } from '../support/webex/fake-tokens.ts';

const year = 365 * 86_400_000;
const acme = simulatedOrganizations.acme.id;
const globex = simulatedOrganizations.globex.id;

let webex: Simulator;
let now = today;

beforeAll(async () => {
  webex = await startSimulator({ now: () => now });
});
afterAll(() => webex.close());
beforeEach(() => {
  now = today;
  webex.faults.clear();
  webex.requests.length = 0;
  Object.assign(webex.settings, defaultSettings());
});

/** Signs in as an account and stores the token without verifying it. */
async function captured(
  vault: Vault,
  account: string,
  request: Parameters<typeof startedSignIn>[1] = { profile: 'acme' },
  issue: IssueOptions = {},
): Promise<{ tokenId: string; accessToken: string }> {
  const state = await startedSignIn(vault, request);
  const deployment = request.deployment ?? 'commercial';
  const { accessToken } = webex.issueToken(account, { deployment, ...issue });
  const answer = fragment({ access_token: accessToken, state });
  return { ...(await captureRedirect(vault, answer, 'this browser', actor)), accessToken };
}

/** Signs in as an account and verifies the token. */
async function verifyNewToken(
  vault: Vault,
  account: string,
  ...more: [Parameters<typeof startedSignIn>[1]?, IssueOptions?]
) {
  return await verifyToken(vault, (await captured(vault, account, ...more)).tokenId, actor);
}

async function states(vault: Vault): Promise<string[]> {
  return (await allTokens(vault, 'acme')).map(({ state }) => state).sort();
}

describe('verifyToken', () => {
  it('makes the token of a full administrator current, with the details from Webex', async () => {
    const vault = await newVault(webex);
    const outcome = await verifyNewToken(vault, 'full-admin');
    expect(outcome).toMatchObject({
      outcome: 'current',
      profile: { name: 'acme', orgId: acme },
      token: {
        state: 'current',
        account: {
          displayName: 'Ada Nakamura',
          email: 'ada.nakamura@acme.example',
          orgId: acme,
          admin: 'full',
        },
        verifiedAt: today,
        rejectedAt: null,
        reviewReason: null,
      },
    });
    expect(await auditLog(vault)).toEqual(['capture ok acme', 'verify ok acme']);
    expect(await showProfile(vault, 'acme')).toMatchObject({
      tenantUrl: `${webex.endpoints.commercial.scim}/${acme}`,
      account: 'ada.nakamura@acme.example',
      status: 'valid',
    });
  });

  it('accepts an account whose roles are unknown', async () => {
    const vault = await newVault(webex);
    expect(await verifyNewToken(vault, 'no-roles')).toMatchObject({
      outcome: 'current',
      token: { account: { admin: 'unknown' } },
    });
  });

  it.each([
    ['user-admin', 'other'],
    ['read-only-admin', 'other'],
    ['device-admin', 'other'],
    ['ordinary', 'none'],
  ])('marks a token for review: %s', async (account, admin) => {
    const vault = await newVault(webex);
    const outcome = await verifyNewToken(vault, account);
    expect(outcome).toMatchObject({
      outcome: 'needs-review',
      reason: 'not-full-admin',
      token: { state: 'needs-review', account: { admin } },
    });
    expect(await auditLog(vault)).toEqual(['capture ok acme', 'verify not-full-admin acme']);
    await expect(readToken(vault, 'acme', actor)).rejects.toMatchObject({
      code: 'E_NO_TOKEN',
      help: expect.stringContaining('needs your review'),
    });
    expect(await approveToken(vault, outcome.token.id, actor)).toBe(true);
    expect(await states(vault)).toEqual(['current']);
    expect((await readToken(vault, 'acme', actor)).profile.orgId).toBe(acme);
  });

  it('marks a token of another organization for review, and keeps the current one', async () => {
    const vault = await newVault(webex);
    const first = await captured(vault, 'full-admin');
    await verifyToken(vault, first.tokenId, actor);
    const outcome = await verifyNewToken(vault, 'other-organization');
    expect(outcome).toMatchObject({ outcome: 'needs-review', reason: 'other-organization' });
    expect(outcome.token.account?.orgId).toBe(globex);
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(first.accessToken);
    expect(await states(vault)).toEqual(['current', 'needs-review']);
    expect(await showProfile(vault, 'acme')).toMatchObject({ orgId: acme });
  });

  it('compares the token with the requested organization', async () => {
    const vault = await newVault(webex);
    const outcome = await verifyNewToken(vault, 'full-admin', { profile: 'acme', orgId: globex });
    expect(outcome).toMatchObject({ outcome: 'needs-review', reason: 'other-organization' });
    expect(outcome.profile.orgId).toBe(globex);
  });

  it('lets the right person sign in after the wrong one, for a new profile', async () => {
    const vault = await newVault(webex);
    const wrong = webex.accounts.find(({ name }) => name === 'other-organization');
    if (wrong === undefined) throw new Error('no such account');
    const role = wrong.role;
    wrong.role = 'readonly';
    try {
      expect(await verifyNewToken(vault, 'other-organization')).toMatchObject({
        outcome: 'needs-review',
        reason: 'not-full-admin',
        profile: { orgId: null },
      });
    } finally {
      wrong.role = role;
    }
    expect(await verifyNewToken(vault, 'full-admin')).toMatchObject({
      outcome: 'current',
      profile: { orgId: acme },
    });
  });

  it('accepts a token at once with approve', async () => {
    const vault = await newVault(webex);
    const { tokenId } = await captured(vault, 'ordinary');
    expect(await verifyToken(vault, tokenId, actor, true)).toMatchObject({
      outcome: 'current',
      profile: { orgId: acme },
    });
    expect(await auditLog(vault)).toContain('verify not-full-admin acme');
  });

  it('sets the organization of the profile from Webex if the token does not name it', async () => {
    const vault = await newVault(webex);
    const outcome = await verifyNewToken(vault, 'full-admin', undefined, { form: 'unknown' });
    expect(outcome).toMatchObject({ outcome: 'current', profile: { orgId: acme }, token: { orgId: null } });
    expect(outcome.token.warnings).toHaveLength(1);
  });
});

describe('a token that Webex rejects', () => {
  it('becomes current and marked if there is no other', async () => {
    const vault = await newVault(webex);
    const { tokenId } = await captured(vault, 'full-admin');
    webex.revoke('full-admin');
    expect(await verifyToken(vault, tokenId, actor)).toMatchObject({
      outcome: 'rejected',
      token: { state: 'current', rejectedAt: today, verifiedAt: null },
    });
    expect(await showProfile(vault, 'acme')).toMatchObject({ status: 'rejected' });
  });

  it('needs review if there is a valid one', async () => {
    const vault = await newVault(webex);
    const good = await captured(vault, 'full-admin');
    await verifyToken(vault, good.tokenId, actor);
    const { tokenId } = await captured(vault, 'user-admin');
    webex.revoke('user-admin');
    expect(await verifyToken(vault, tokenId, actor)).toMatchObject({
      outcome: 'needs-review',
      reason: 'rejected',
    });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(good.accessToken);
    expect(await auditLog(vault)).toContain('verify rejected acme');
  });
});

describe('verifyToken, if Webex cannot be reached', () => {
  const effects: [string, FaultEffect][] = [
    ['429', { effect: 429, retryAfter: 7 }],
    ['429 without Retry-After', { effect: 429 }],
    ['500', { effect: 500 }],
    ['503', { effect: 503 }],
    ['403', { effect: 403 }],
    ['404', { effect: 404 }],
    ['a page', { effect: 'html' }],
    ['a cut connection', { effect: 'reset' }],
  ];

  it.each(effects)('keeps the token in use and marks it: %s', async (_, fault) => {
    const vault = await newVault(webex);
    webex.faults.add({ path: '/v1/people/me', ...fault });
    const { tokenId, accessToken } = await captured(vault, 'full-admin');
    const outcome = await verifyToken(vault, tokenId, actor);
    expect(outcome).toMatchObject({
      outcome: 'unverified',
      token: { state: 'current', account: null, verifiedAt: null, rejectedAt: null },
      profile: { orgId: acme },
    });
    if (outcome.outcome !== 'unverified') return;
    expect(`${outcome.why.message} ${outcome.why.help}`).not.toContain(accessToken);
    expect(outcome.why.message).toMatch(/\w{3,}/);
    expect((await auditLog(vault)).at(-1)).toMatch(/^verify unverified: [a-z-]+ acme$/);
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(accessToken);
    expect(await showProfile(vault, 'acme')).toMatchObject({ status: 'valid', account: null });
  });

  it('keeps the token after a timeout', async () => {
    const late = () => Promise.reject(new DOMException('The operation timed out', 'TimeoutError'));
    const vault = await newVault(webex, { fetch: late });
    const { tokenId } = await captured(vault, 'full-admin');
    expect(await verifyToken(vault, tokenId, actor)).toMatchObject({ outcome: 'unverified' });
    expect((await auditLog(vault)).at(-1)).toBe('verify unverified: timeout acme');
  });

  it('marks a token that names another organization for review', async () => {
    const vault = await newVault(webex);
    const first = await captured(vault, 'full-admin');
    await verifyToken(vault, first.tokenId, actor);
    webex.faults.add({ path: '/v1/people/me', effect: 503 });
    expect(await verifyNewToken(vault, 'other-organization')).toMatchObject({
      outcome: 'needs-review',
      reason: 'other-organization',
    });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(first.accessToken);
  });
});

describe('verifyToken, if Webex cannot be reached and a verified token is in use', () => {
  const fault = { path: '/v1/people/me', effect: 503 } as const;

  async function twoTokens(vault: TestVault) {
    const first = await captured(vault, 'full-admin');
    await verifyToken(vault, first.tokenId, actor);
    vault.setNow(today + 1000);
    webex.faults.add(fault);
    return { first, second: await captured(vault, 'full-admin') };
  }

  it('keeps the verified token in use', async () => {
    const vault = await newVault(webex);
    const { first, second } = await twoTokens(vault);
    const outcome = await verifyToken(vault, second.tokenId, actor);
    expect(outcome).toMatchObject({ outcome: 'waiting', token: { state: 'pending', verifiedAt: null } });
    expect((await auditLog(vault)).at(-1)).toBe('verify waiting: server-error acme');
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(first.accessToken);
  });

  it('makes the new token current once Webex responds', async () => {
    const vault = await newVault(webex);
    const { second } = await twoTokens(vault);
    await verifyToken(vault, second.tokenId, actor);
    webex.faults.clear();
    vault.setNow(today + 120_000);
    await verifyPendingTokens(vault, { warn: () => {} });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(second.accessToken);
    expect(await states(vault)).toEqual(['current', 'previous']);
  });

  it('does not replace a token that was captured and verified later', async () => {
    const vault = await newVault(webex);
    const { second } = await twoTokens(vault);
    await verifyToken(vault, second.tokenId, actor);
    webex.faults.clear();
    vault.setNow(today + 90_000);
    const third = await captured(vault, 'full-admin');
    await verifyToken(vault, third.tokenId, actor);
    vault.setNow(today + 200_000);
    await verifyPendingTokens(vault, { warn: () => {} });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(third.accessToken);
    expect(await states(vault)).toEqual(['current', 'previous', 'previous']);
  });

  it('lets the person approve the new token, now or later, or discard it', async () => {
    const vault = await newVault(webex);
    const { second } = await twoTokens(vault);
    expect(await verifyToken(vault, second.tokenId, actor, true)).toMatchObject({ outcome: 'unverified' });
    expect((await readToken(vault, 'acme', actor)).accessToken).toBe(second.accessToken);
    webex.faults.clear();
    await verifyNewToken(vault, 'full-admin');
    webex.faults.add(fault);
    const third = await verifyNewToken(vault, 'full-admin');
    expect(await approveToken(vault, third.token.id, actor)).toBe(true);
    expect((await readToken(vault, 'acme', actor)).token.id).toBe(third.token.id);
    webex.faults.clear();
    await verifyNewToken(vault, 'full-admin');
    webex.faults.add(fault);
    const fourth = await verifyNewToken(vault, 'full-admin');
    expect(await discardToken(vault, fourth.token.id, actor)).toBe(true);
    expect(await states(vault)).toEqual(['current', 'previous', 'previous', 'previous', 'previous']);
  });

  it.each(['expired', 'rejected'] as const)('does not protect a token that is %s', async (end) => {
    const vault = await newVault(webex);
    const { first, second } = await twoTokens(vault);
    if (end === 'expired') vault.setNow(today + 2 * year);
    else await updateToken(vault.db, first.tokenId, { rejectedAt: today });
    expect(await verifyToken(vault, second.tokenId, actor)).toMatchObject({ outcome: 'unverified' });
    expect((await readToken(vault, 'acme', actor, true)).accessToken).toBe(second.accessToken);
  });
});

describe('a token that names the other deployment', () => {
  const government = usualToken({ cluster: 'FC82', orgId: acme });

  async function withForeign(vault: Vault) {
    await verifyNewToken(vault, 'full-admin');
    webex.requests.length = 0;
    const state = await startedSignIn(vault, { profile: 'acme' });
    const answer = fragment({ access_token: government, state });
    return (await captureRedirect(vault, answer, 'this browser', actor)).tokenId;
  }

  it.each([false, true])('needs review and is not sent anywhere (approved: %s)', async (approved) => {
    const vault = await newVault(webex);
    const tokenId = await withForeign(vault);
    expect(await verifyToken(vault, tokenId, actor, approved)).toMatchObject({
      outcome: 'needs-review',
      reason: 'other-deployment',
      token: { warnings: [expect.stringContaining('FC82')] },
    });
    await expect(approveToken(vault, tokenId, actor)).rejects.toMatchObject({ code: 'E_OTHER_DEPLOYMENT' });
    expect(await states(vault)).toEqual(['current', 'needs-review']);
    expect(webex.requests).toEqual([]);
    expect((await auditLog(vault)).at(-1)).toBe('verify other-deployment acme');
    expect(await discardToken(vault, tokenId, actor)).toBe(true);
  });

  it('is not sent by any check, even if it is in use', async () => {
    const vault = await newVault(webex);
    const tokenId = await withForeign(vault);
    await verifyToken(vault, tokenId, actor);
    await setCurrent(vault.db, (await allTokens(vault, 'acme')).find(({ id }) => id === tokenId) ?? never());
    expect(await reverifyToken(vault, tokenId, actor)).toMatchObject({ outcome: 'unverified' });
    expect((await testToken(vault, 'acme', actor)).checks[0]).toMatchObject({
      ok: false,
      message: expect.stringContaining('different Webex deployment'),
    });
    await updateToken(vault.db, tokenId, { verifiedAt: null });
    expect((await checkNextToken(vault, () => 0))?.outcome).toBe('other-deployment');
    await expect(preparePush(vault, 'acme', actor, false)).rejects.toMatchObject({
      code: 'E_OTHER_DEPLOYMENT',
    });
    expect(webex.requests).toEqual([]);
  });
});

function never(): never {
  throw new Error('the token is not there');
}

describe('verifyToken, and the expiry', () => {
  it('stores the date that Webex confirms', async () => {
    const vault = await newVault(webex);
    expect((await verifyNewToken(vault, 'full-admin')).token.lifetimes).toEqual({
      confirmed: today + year,
      reported: today + 3887999_000,
      documented: today + year,
    });
    expect(await showProfile(vault, 'acme')).toMatchObject({ expirySource: 'confirmed', daysLeft: 365 });
  });

  it('uses the earlier of the reported and the documented date if Webex confirms none', async () => {
    webex.settings.tokenExpiry = 'forbidden';
    const vault = await newVault(webex);
    expect((await verifyNewToken(vault, 'full-admin')).token.lifetimes.confirmed).toBeNull();
    expect(await showProfile(vault, 'acme')).toMatchObject({ expirySource: 'reported', daysLeft: 44 });
  });

  it.each<FaultEffect>([{ effect: 401 }, { effect: 500 }, { effect: 'html' }, { effect: 'reset' }])(
    'accepts the token, regardless of the response about its expiry (%j)',
    async (fault) => {
      webex.faults.add({ path: '/v1/authorizations', ...fault });
      const vault = await newVault(webex);
      expect(await verifyNewToken(vault, 'full-admin')).toMatchObject({
        outcome: 'current',
        token: { lifetimes: { confirmed: null }, rejectedAt: null },
      });
    },
  );
});

describe('approveToken and discardToken', () => {
  it('delete a discarded token, and keep the one in use', async () => {
    const vault = await newVault(webex);
    await verifyNewToken(vault, 'full-admin');
    const aside = await verifyNewToken(vault, 'other-organization');
    expect(await discardToken(vault, aside.token.id, actor)).toBe(true);
    expect(await states(vault)).toEqual(['current']);
    expect(await discardToken(vault, aside.token.id, actor)).toBe(false);
    expect(await approveToken(vault, aside.token.id, actor)).toBe(false);
    expect((await auditLog(vault)).at(-1)).toBe('discard ok acme');
  });

  it('make an approved token current, and keep the organization of the profile', async () => {
    const vault = await newVault(webex);
    await verifyNewToken(vault, 'full-admin');
    const aside = await verifyNewToken(vault, 'other-organization');
    expect(await approveToken(vault, aside.token.id, actor)).toBe(true);
    expect(await approveToken(vault, aside.token.id, actor)).toBe(false);
    expect(await states(vault)).toEqual(['current', 'previous']);
    expect(await showProfile(vault, 'acme')).toMatchObject({ orgId: acme });
    expect((await auditLog(vault)).at(-1)).toBe('approve ok acme');
  });

  it('refuse a token that does not need review', async () => {
    const vault = await newVault(webex);
    const current = await verifyNewToken(vault, 'full-admin');
    const { tokenId } = await captured(vault, 'full-admin');
    for (const id of [current.token.id, tokenId, 'nothing']) {
      expect(await approveToken(vault, id, actor)).toBe(false);
      expect(await discardToken(vault, id, actor)).toBe(false);
    }
    expect(await states(vault)).toEqual(['current', 'pending']);
  });
});

describe('changeOrganization', () => {
  it('gives the profile the organization of the token, after a first sign-in with the wrong account', async () => {
    const vault = await newVault(webex);
    await verifyNewToken(vault, 'other-organization');
    const right = await verifyNewToken(vault, 'full-admin');
    expect(right).toMatchObject({ outcome: 'needs-review', reason: 'other-organization' });
    expect(await changeOrganization(vault, right.token.id, actor)).toBe(true);
    expect(await states(vault)).toEqual(['current', 'previous']);
    expect(await showProfile(vault, 'acme')).toMatchObject({
      orgId: acme,
      tenantUrl: `${webex.endpoints.commercial.scim}/${acme}`,
      account: 'ada.nakamura@acme.example',
    });
    expect((await auditLog(vault)).at(-1)).toBe('set-organization ok acme');
    expect(await changeOrganization(vault, right.token.id, actor)).toBe(false);
  });

  it('changes nothing while a destination provisions the organization of the profile', async () => {
    const vault = await newVault(webex);
    const first = await verifyNewToken(vault, 'other-organization');
    await saveDestination(vault.db, {
      profileId: first.profile.id,
      provider: 'okta',
      appId: '',
      appName: 'Okta',
      tokenId: first.token.id,
      method: 'manual',
      steps: [],
    });
    const other = await verifyNewToken(vault, 'full-admin');
    expect(await changeOrganization(vault, other.token.id, actor)).toBe(false);
    expect(await showProfile(vault, 'acme')).toMatchObject({ orgId: globex });
    expect(await states(vault)).toEqual(['current', 'needs-review']);
  });

  it('changes nothing for a token that needs review for another reason', async () => {
    const vault = await newVault(webex);
    const aside = await verifyNewToken(vault, 'user-admin');
    expect(await changeOrganization(vault, aside.token.id, actor)).toBe(false);
    expect(await states(vault)).toEqual(['needs-review']);
  });
});

describe('verifyToken, several times', () => {
  it('writes one audit row and one current token for two checks at the same time', async () => {
    const vault = await newVault(webex);
    const { tokenId } = await captured(vault, 'full-admin');
    const outcomes: VerificationResult[] = await Promise.all(
      [1, 2, 3].map(() => verifyToken(vault, tokenId, actor)),
    );
    for (const { outcome } of outcomes) expect(outcome).toBe('current');
    expect((await auditLog(vault)).filter((line) => line.startsWith('verify'))).toEqual(['verify ok acme']);
    expect(await states(vault)).toEqual(['current']);
  });

  it('never sends a token to the API of the other deployment', async () => {
    const vault = await newVault(webex);
    for (const deployment of ['commercial', 'government'] as const) {
      for (const account of ['full-admin', 'ordinary', 'other-organization']) {
        await verifyNewToken(vault, account, { profile: deployment, deployment });
      }
    }
    const withToken = webex.requests.filter(({ tokenId }) => tokenId !== null);
    expect(withToken.length).toBeGreaterThanOrEqual(12);
    const deploymentOf = new Map<string | null, string>();
    for (const { tokenId, deployment } of withToken) {
      expect(deploymentOf.get(tokenId) ?? deployment).toBe(deployment);
      deploymentOf.set(tokenId, deployment);
    }
    expect([...deploymentOf.values()].sort()).toEqual([
      ...Array(3).fill('commercial'),
      ...Array(3).fill('government'),
    ]);
    expect(await showProfile(vault, 'government')).toMatchObject({
      tenantUrl: `${webex.endpoints.government.scim}/${simulatedOrganizations.examples.id}`,
    });
  });
});

describe('after the clock was a year ahead', () => {
  it('uses the token of the next sign-in', async () => {
    const vault = await newVault(webex);
    vault.setNow(today + year);
    await verifyNewToken(vault, 'full-admin');
    vault.setNow(today);
    expect(await verifyNewToken(vault, 'full-admin')).toMatchObject({ outcome: 'current' });
  });

  it('moves the expiry of a token that was captured then, once Webex confirms the clock', async () => {
    Object.assign(webex.settings, { tokenExpiry: 'forbidden', date: 'shown' });
    const real = Date.now();
    const vault = await newVault(webex);
    vault.setNow(real + year);
    const { token } = await verifyNewToken(vault, 'full-admin');
    const expiresAt = async () => expiryOf((await allTokens(vault, 'acme'))[0]?.lifetimes ?? token.lifetimes);
    const before = await expiresAt();
    for (const offBy of [year, -2 * 86_400_000]) {
      vault.setNow(real + offBy);
      await reverifyToken(vault, token.id, actor);
      expect(await expiresAt()).toEqual(before);
    }
    for (const now of [real, real + 1]) {
      vault.setNow(now);
      await reverifyToken(vault, token.id, actor);
      expect(await expiresAt()).toEqual({ ...before, expiresAt: before.expiresAt - year });
      expect((await allTokens(vault, 'acme'))[0]).toMatchObject({ capturedAt: real });
    }
  });

  it.each([
    [year, 'This machine’s clock is 365 days ahead of Webex’s.'],
    [-3 * 86_400_000, 'This machine’s clock is 3 days behind Webex’s.'],
    [3_600_000, null],
  ])('warns at a sign-in while it is off by %i milliseconds', async (offBy, warning) => {
    webex.settings.date = 'shown';
    const vault = await newVault(webex);
    vault.setNow(Date.now() + offBy);
    const { token } = await verifyNewToken(vault, 'full-admin');
    expect(token.warnings).toEqual(warning === null ? [] : [expect.stringContaining(warning)]);
  });

  it('verifies what is pending since then', async () => {
    const vault = await newVault(webex);
    vault.setNow(today + year);
    const { tokenId } = await captured(vault, 'full-admin');
    vault.setNow(today);
    await verifyPendingTokens(vault, { warn: () => {} });
    expect(await allTokens(vault, 'acme')).toMatchObject([{ id: tokenId, state: 'current' }]);
  });
});

describe('a crash between the capture and the verification', () => {
  const log = { warn: () => {} };

  it('is repaired by the next start, which leaves running verifications to others', async () => {
    const first = await newVault(webex);
    const { tokenId } = await captured(first, 'full-admin');
    const vault = await newVault(webex, { settings: first.settings });
    vault.setNow(today + 60_000);
    await verifyPendingTokens(vault, log);
    expect(await states(vault)).toEqual(['pending']);
    vault.setNow(today + 60_001);
    await verifyPendingTokens(vault, log);
    expect(await allTokens(vault, 'acme')).toMatchObject([{ id: tokenId, state: 'current' }]);
  });

  it('is repaired when the token is read', async () => {
    const first = await newVault(webex);
    const { accessToken } = await captured(first, 'full-admin');
    const vault = await newVault(webex, { settings: first.settings });
    expect(await readToken(vault, 'acme', actor)).toMatchObject({
      accessToken,
      token: { verifiedAt: today },
    });
    expect(await auditLog(vault)).toEqual(['capture ok acme', 'verify ok acme', 'read ok acme']);
  });

  it('does not keep the server from starting if a token cannot be verified', async () => {
    const vault = await newVault(webex);
    const { tokenId } = await captured(vault, 'full-admin');
    await vault.db.updateTable('token').set({ ciphertext: 'damaged' }).execute();
    vault.setNow(today + 1);
    await captured(vault, 'full-admin', { profile: 'another' });
    vault.setNow(today + 120_000);
    const warnings: unknown[] = [];
    await verifyPendingTokens(vault, { warn: (...given: unknown[]) => void warnings.push(given) });
    expect(warnings).toHaveLength(1);
    const damaged = vault.db.selectFrom('token').select('state').where('id', '=', tokenId);
    expect(await damaged.executeTakeFirst()).toEqual({ state: 'pending' });
    expect(await allTokens(vault, 'another')).toMatchObject([{ state: 'current' }]);
  });
});
