import { describe, expect, it } from 'vitest';
import {
  adminLevel,
  deviceAdminRole,
  fullAdminRole,
  readonlyAdminRole,
  userAdminRole,
} from '../../src/webex/api/admin-roles.ts';
import { toWebexOrganizationId } from '../../src/webex/organization-id.ts';
import { acmeOrgId } from '../support/webex/fake-tokens.ts';
import { apiAt, apiFailing, apiReturning, now, serve, token } from '../support/webex/http-fakes.ts';

const person = {
  id: 'fake-person-id',
  displayName: 'Ada Admin',
  emails: ['ada@acme.example'],
  orgId: toWebexOrganizationId(acmeOrgId),
  roles: [fullAdminRole],
};

describe('whoAmI', () => {
  it('asks people/me and returns the person', async () => {
    const asked: unknown[] = [];
    const origin = await serve((request, response) => {
      asked.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ ...person, nickName: 'ignored' }));
    });
    expect(await apiAt(origin).whoAmI(token)).toEqual({
      outcome: 'person',
      person: {
        id: 'fake-person-id',
        displayName: 'Ada Admin',
        emails: ['ada@acme.example'],
        orgId: acmeOrgId,
        admin: 'full',
        roles: [fullAdminRole],
      },
      webexTime: expect.any(Number),
    });
    expect(asked).toEqual(['/v1/people/me', `Bearer ${token}`]);
  });

  it.each([
    [{ displayName: '' }, 'ada@acme.example'],
    [{ displayName: null, emails: [] }, 'a person without a name'],
  ])('always returns a display name: %o', async (less, displayName) => {
    const api = await apiReturning(200, { ...person, ...less });
    expect(await api.whoAmI(token)).toMatchObject({ person: { displayName } });
  });

  it('reports 401 as a rejection, with help and the tracking ID', async () => {
    const api = await apiReturning(401, {
      message: 'The request requires authentication.',
      trackingId: 'ROUTER_1',
    });
    const answer = await api.whoAmI(token);
    expect(answer).toMatchObject({ outcome: 'rejected', trackingId: 'ROUTER_1' });
    if (answer.outcome === 'rejected') {
      expect(answer.message).toContain('The request requires authentication.');
      expect(answer.message).toContain('ROUTER_1');
      expect(answer.help).toContain('Sign in again');
    }
  });

  it.each([
    [403, {}, 'forbidden', /403/, /full administrator/],
    [404, {}, 'not-found', /404/, /deployment/],
    [429, {}, 'rate-limited', /429/, /Wait a minute/],
    [500, {}, 'server-error', /500/, /status\.webex\.com/],
    [503, '<html>', 'server-error', /503/, /status\.webex\.com/],
    [418, {}, 'unexpected-status', /418/, /Try again/],
    [302, '', 'redirected', /302/, /proxy/],
    [200, '<!doctype html><p>Sign in to the network', 'html', /web page/, /proxy/],
    [200, 'hello', 'not-json', /not JSON/, /proxy/],
    [200, '', 'unexpected-shape', /documentation/, /address/],
    [200, [], 'unexpected-shape', /documentation/, /address/],
    [200, { ...person, orgId: 'nonsense' }, 'unexpected-shape', /documentation/, /address/],
    [200, { ...person, roles: 'id_full_admin' }, 'unexpected-shape', /documentation/, /address/],
  ])(
    'reports %i %o as no verdict on the token, because of %s',
    async (status, body, reason, message, help) => {
      const answer = await (await apiReturning(status, body)).whoAmI(token);
      expect(answer).toMatchObject({ outcome: 'unknown', reason, retryAfterSeconds: null });
      if (answer.outcome === 'unknown') {
        expect(answer.message).toMatch(message);
        expect(answer.help).toMatch(help);
      }
    },
  );

  it('passes on how long to wait after 429', async () => {
    const answer = await (await apiReturning(429, {}, { 'retry-after': '7' })).whoAmI(token);
    expect(answer).toMatchObject({ outcome: 'unknown', retryAfterSeconds: 7 });
    expect(answer.outcome === 'unknown' && answer.help).toContain('7 seconds');
  });

  it.each([
    ['CERT_HAS_EXPIRED', 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
    ['ENOTFOUND', 'dns'],
    ['EAI_AGAIN', 'dns'],
    ['ECONNREFUSED', 'refused'],
    ['ENETUNREACH', 'refused'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
    ['ECONNRESET', 'network'],
    ['SOMETHING_NEW', 'network'],
  ])('reports the network error %s as %s', async (code, reason) => {
    const answer = await apiFailing(code).whoAmI(token);
    expect(answer).toMatchObject({ outcome: 'unknown', reason, trackingId: null });
    if (answer.outcome === 'unknown') {
      expect(answer.message).toContain('webexapis.com');
      expect(answer.help.length).toBeGreaterThan(20);
      expect(JSON.stringify(answer)).not.toContain(token);
    }
  });
});

describe('adminLevel', () => {
  it.each([
    [null, 'unknown'],
    [[], 'none'],
    [[fullAdminRole], 'full'],
    [[readonlyAdminRole, fullAdminRole], 'full'],
    [[userAdminRole], 'other'],
    [[deviceAdminRole, 'something-new'], 'other'],
    [[`${fullAdminRole}==`], 'full'],
    [[Buffer.from('ciscospark://us-gov/ROLE/id_full_admin').toString('base64url')], 'full'],
    [[Buffer.from('ciscospark://us/ROLE/id_full_admin_not').toString('base64url')], 'other'],
    [['id_full_admin'], 'other'],
  ] as const)('rates the roles %o as %s', (roles, level) => {
    expect(adminLevel(roles)).toBe(level);
  });

  it.each([
    [fullAdminRole, 'id_full_admin'],
    [userAdminRole, 'id_user_admin'],
    [readonlyAdminRole, 'id_readonly_admin'],
    [deviceAdminRole, 'id_device_admin'],
  ])('recognizes the role %s as the documented URI', (role, name) => {
    expect(role).toBe(Buffer.from(`ciscospark://us/ROLE/${name}`).toString('base64url'));
  });

  it('treats missing and null roles as unknown, not as none', async () => {
    const { roles: _, ...without } = person;
    for (const body of [without, { ...person, roles: null }]) {
      expect(await (await apiReturning(200, body)).whoAmI(token)).toMatchObject({
        person: { admin: 'unknown', roles: null },
      });
    }
  });
});

describe('tokenExpiry', () => {
  const day = 86_400_000;

  it('asks authorizations/tokenExpiry', async () => {
    const asked: unknown[] = [];
    const origin = await serve((request, response) => {
      asked.push(request.url, request.headers.authorization);
      response.end(JSON.stringify({ exp: now + 45 * day }));
    });
    expect(await apiAt(origin).tokenExpiry(token)).toEqual({ expiresAt: now + 45 * day });
    expect(asked).toEqual(['/v1/authorizations/tokenExpiry', `Bearer ${token}`]);
  });

  it('accepts the number as a string', async () => {
    const api = await apiReturning(200, { exp: String(now + day) });
    expect(await api.tokenExpiry(token)).toEqual({ expiresAt: now + day });
  });

  it.each([
    ['seconds', now / 1000],
    ['zero', 0],
    ['the past', now - 2 * day],
    ['twenty years on', now + 7300 * day],
    ['a fraction', now + 0.5],
    ['huge', 1e300],
  ])('rejects a value out of range: %s', async (_, exp) => {
    const answer = await (await apiReturning(200, { exp })).tokenExpiry(token);
    expect(answer).toMatchObject({ expiresAt: null, reason: 'out-of-range' });
  });

  it.each([
    [403, { message: 'missing scope' }, 'forbidden'],
    [401, {}, 'unauthorized'],
    [404, {}, 'not-found'],
    [200, { exp: null }, 'unexpected-shape'],
    [200, {}, 'unexpected-shape'],
    [200, '<html>', 'html'],
  ])('returns no expiry and a reason for %i %o: %s', async (status, body, reason) => {
    const answer = await (await apiReturning(status, body)).tokenExpiry(token);
    expect(answer).toMatchObject({ expiresAt: null, reason });
    expect(answer.expiresAt === null && answer.message).toBeTruthy();
  });
});
