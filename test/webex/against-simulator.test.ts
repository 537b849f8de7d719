import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { simulatedOrganizations } from '../../src/simulator/webex/organizations.ts';
import { defaultSettings } from '../../src/simulator/webex/settings.ts';
import { type SignInOutcome, signIn } from '../../src/simulator/webex/sign-in.ts';
import { createWebexApi } from '../../src/webex/api/client.ts';
import { type Deployment, deployments } from '../../src/webex/deployments.ts';
import { documentedClientId, documentedScopes } from '../../src/webex/documented-values.ts';
import { describeAccessToken } from '../../src/webex/sign-in/access-token.ts';
import { authorizeUrl, newState } from '../../src/webex/sign-in/authorize-url.ts';
import { parseRedirect } from '../../src/webex/sign-in/redirect.ts';
import { stepHangsMs } from '../support/hang-limits.ts';

const homes = { commercial: simulatedOrganizations.acme, government: simulatedOrganizations.examples };
const now = Date.UTC(2027, 2, 1);

let webex: Simulator;

beforeAll(async () => {
  webex = await startSimulator({ now: () => now });
});
afterAll(() => webex.close());
beforeEach(() => {
  webex.faults.clear();
  webex.requests.length = 0;
  Object.assign(webex.settings, defaultSettings());
});

function apiOf(deployment: Deployment, timeoutMs = stepHangsMs) {
  const { api, scim } = webex.endpoints[deployment];
  return createWebexApi({ deployment, api, scim, fetch: globalThis.fetch, now: () => now, timeoutMs });
}

async function responseTo(deployment: Deployment, outcome: SignInOutcome, freshSignIn = false) {
  const state = newState();
  const url = authorizeUrl({
    idbroker: webex.endpoints[deployment].idbroker,
    clientId: documentedClientId,
    redirectUri: 'http://localhost:3000/auth/code',
    scopes: documentedScopes,
    state,
    freshSignIn,
  });
  return { state, redirect: parseRedirect(await signIn(url, outcome)) };
}

const issued = (name: string, deployment: Deployment = 'commercial') =>
  webex.issueToken(name, { deployment }).accessToken;

describe.each(deployments)('the %s deployment, from the sign-in to the test', (deployment) => {
  it.each([false, true])('issues a token that passes every test (fresh sign-in: %s)', async (freshSignIn) => {
    const { state, redirect } = await responseTo(deployment, { account: 'full-admin' }, freshSignIn);
    expect(redirect).toMatchObject({ kind: 'token', state, expiresIn: 3887999, warnings: [] });
    if (redirect.kind !== 'token') return;
    const { orgId } = describeAccessToken(redirect.accessToken);
    expect(orgId).toBe(homes[deployment].id);

    const api = apiOf(deployment);
    expect(await api.whoAmI(redirect.accessToken)).toMatchObject({
      outcome: 'person',
      person: { admin: 'full', orgId, emails: [expect.stringContaining('@')] },
    });
    expect(await api.tokenExpiry(redirect.accessToken)).toEqual({ expiresAt: now + 365 * 86_400_000 });
    expect(await api.entraTestConnection(redirect.accessToken, orgId ?? '')).toMatchObject({ ok: true });
    expect(await api.oktaTestCredentials(redirect.accessToken, orgId ?? '')).toMatchObject({ ok: true });
  });

  it.each(['query', 'fragment'] as const)('reports an error in the %s of the redirect', async (errorsIn) => {
    webex.settings.errorsIn = errorsIn;
    const { state, redirect } = await responseTo(deployment, {
      outcome: 'error',
      error: 'tokenlimit_reached',
    });
    expect(redirect).toMatchObject({ kind: 'error', error: 'tokenlimit_reached', state });
  });

  it('names the other ID broker in iss after a mix-up', async () => {
    webex.settings.issuer = 'other';
    const { redirect } = await responseTo(deployment, { account: 'full-admin' });
    const other = deployment === 'government' ? 'commercial' : 'government';
    expect(redirect.issuer).toBe(webex.endpoints[other].idbroker);
  });

  it('rejects a token of the other deployment', async () => {
    const other = deployment === 'government' ? 'commercial' : 'government';
    expect(await apiOf(deployment).whoAmI(issued('full-admin', other))).toMatchObject({
      outcome: 'rejected',
    });
  });
});

describe('parseRedirect after a sign-in', () => {
  it.each([
    ['opaque', 'usual', simulatedOrganizations.acme.id],
    ['jwt', 'jwt', simulatedOrganizations.acme.id],
    ['consumer', 'usual', null],
    ['unknown', 'unknown', null],
  ] as const)('reads a token of the form %s', async (tokenForm, form, orgId) => {
    webex.settings.tokenForm = tokenForm;
    const { redirect } = await responseTo('commercial', { account: 'full-admin' });
    if (redirect.kind !== 'token') throw new Error('no token');
    expect(describeAccessToken(redirect.accessToken)).toMatchObject({ form, orgId });
    expect(redirect.warnings).toHaveLength(orgId === null ? 1 : 0);
  });

  it.each([null, '0', '-1', '99999999999999999999', 'soon'])(
    'reads the token and warns if expires_in is %s',
    async (expiresIn) => {
      webex.settings.expiresIn = expiresIn;
      const { redirect } = await responseTo('commercial', { account: 'full-admin' });
      expect(redirect).toMatchObject({ kind: 'token', expiresIn: null });
      expect(redirect.kind === 'token' && redirect.warnings).toHaveLength(1);
    },
  );
});

describe('whoAmI', () => {
  it.each([
    ['full-admin', 'full', 'acme'],
    ['user-admin', 'other', 'acme'],
    ['read-only-admin', 'other', 'acme'],
    ['device-admin', 'other', 'acme'],
    ['ordinary', 'none', 'acme'],
    ['no-roles', 'unknown', 'acme'],
    ['other-organization', 'full', 'globex'],
  ] as const)(
    'reports the administrator role and the organization of %s',
    async (name, admin, organization) => {
      expect(await apiOf('commercial').whoAmI(issued(name))).toMatchObject({
        outcome: 'person',
        person: { admin, orgId: simulatedOrganizations[organization].id },
      });
    },
  );
});

describe('a failing Webex API', () => {
  const { id: orgId } = simulatedOrganizations.acme;

  it.each([
    [{ effect: 403 }, 'forbidden'],
    [{ effect: 404 }, 'not-found'],
    [{ effect: 429 }, 'rate-limited'],
    [{ effect: 429, retryAfter: 20 }, 'rate-limited'],
    [{ effect: 500 }, 'server-error'],
    [{ effect: 'html' }, 'html'],
    [{ effect: 'hang' }, 'timeout'],
    [{ effect: 'reset' }, 'network'],
  ] as const)('is reported with a reason and help by every call: %o', async (fault, reason) => {
    webex.faults.add({ path: '/v1', ...fault });
    const api = apiOf('commercial', fault.effect === 'hang' ? 60 : stepHangsMs);
    const token = issued('full-admin');
    const retryAfterSeconds = 'retryAfter' in fault ? fault.retryAfter : null;
    expect(await api.whoAmI(token)).toMatchObject({ outcome: 'unknown', reason, retryAfterSeconds });
    expect(await api.tokenExpiry(token)).toMatchObject({ expiresAt: null, reason });
    for (const probe of ['entraTestConnection', 'oktaTestCredentials'] as const) {
      const result = await api[probe](token, orgId);
      expect(result.ok).toBe(false);
      expect(result.help).toBeTruthy();
    }
  });

  it('rejects a revoked token everywhere, with the tracking ID', async () => {
    const api = apiOf('commercial');
    const token = issued('user-admin');
    webex.revoke('user-admin');
    expect(await api.whoAmI(token)).toMatchObject({ outcome: 'rejected', trackingId: expect.any(String) });
    expect((await api.entraTestConnection(token, orgId)).message).toContain('401');
  });

  it('can require a scope for tokenExpiry that the token lacks', async () => {
    webex.settings.tokenExpiry = 'forbidden';
    const response = await apiOf('commercial').tokenExpiry(issued('full-admin'));
    expect(response).toMatchObject({ expiresAt: null, reason: 'forbidden' });
  });

  it('fails the connection test for another organization, and for an account that is not a full administrator', async () => {
    const api = apiOf('commercial');
    const { id: elsewhere } = simulatedOrganizations.globex;
    for (const [name, organization] of [
      ['full-admin', elsewhere],
      ['ordinary', orgId],
    ] as const) {
      const result = await api.entraTestConnection(issued(name), organization);
      expect(result.ok).toBe(false);
      expect(result.message).toMatch(/40[34]/);
    }
  });

  it('gets one request with the token for each call', async () => {
    const api = apiOf('commercial');
    const { id: tokenId, accessToken } = webex.issueToken('full-admin');
    await api.whoAmI(accessToken);
    await api.tokenExpiry(accessToken);
    await api.entraTestConnection(accessToken, orgId);
    await api.oktaTestCredentials(accessToken, orgId);
    expect(webex.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/people/me',
      'GET /v1/authorizations/tokenExpiry',
      `GET /v1/scim/${orgId}/Users`,
      `GET /v1/scim/${orgId}/Users`,
    ]);
    expect(webex.requests.every((request) => request.tokenId === tokenId)).toBe(true);
  });
});
