import { describe, expect, it } from 'vitest';
import type { ConnectionTestResult } from '../../src/webex/api/connection-tests.ts';
import { acmeOrgId } from '../support/webex/fake-tokens.ts';
import { apiAt, apiFailing, apiReturning, serve, token } from '../support/webex/http-fakes.ts';

const listResponse = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';
const empty = { schemas: [listResponse], totalResults: 0, itemsPerPage: 0, startIndex: 1, Resources: [] };

const probes = ['entraTestConnection', 'oktaTestCredentials'] as const;

describe('entraTestConnection', () => {
  it('filters by a new random GUID each time', async () => {
    const asked: URL[] = [];
    const origin = await serve((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://localhost'));
      expect(request.headers.authorization).toBe(`Bearer ${token}`);
      response.end(JSON.stringify(empty));
    });
    const api = apiAt(origin);
    expect(await api.entraTestConnection(token, acmeOrgId)).toMatchObject({ ok: true });
    expect(await api.entraTestConnection(token, acmeOrgId)).toMatchObject({ ok: true });
    const filters = asked.map((url) => url.searchParams.get('filter'));
    expect(new Set(filters).size).toBe(2);
    for (const filter of filters)
      expect(filter).toMatch(/^userName eq "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/);
    expect(asked[0]?.pathname).toBe(`/v1/scim/${acmeOrgId}/Users`);
  });

  it('accepts an empty list without Resources', async () => {
    const api = await apiReturning(200, { schemas: [listResponse], totalResults: 0 });
    expect((await api.entraTestConnection(token, acmeOrgId)).ok).toBe(true);
  });

  it.each([
    { ...empty, totalResults: 1 },
    { ...empty, totalResults: '0' },
    { ...empty, Resources: [{ id: '1' }] },
    { ...empty, schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'] },
    { totalResults: 0 },
    {},
    [],
    null,
  ])('requires an empty ListResponse, not %o', async (body) => {
    const result = await (await apiReturning(200, body)).entraTestConnection(token, acmeOrgId);
    expect(result.ok).toBe(false);
    expect(result.help).toContain('tenant URL');
  });
});

describe('Entra ID’s Test Connection for groups', () => {
  it('asks for a group that does not exist, as Entra ID does', async () => {
    const asked: URL[] = [];
    const origin = await serve((request, response) => {
      asked.push(new URL(request.url ?? '', 'http://localhost'));
      response.end(JSON.stringify(empty));
    });
    expect(await apiAt(origin).entraTestGroups(token, acmeOrgId)).toMatchObject({ ok: true });
    expect(asked[0]?.pathname).toBe(`/v1/scim/${acmeOrgId}/Groups`);
    expect(asked[0]?.searchParams.get('excludedAttributes')).toBe('members');
    expect(asked[0]?.searchParams.get('filter')).toMatch(/^displayName eq "[0-9a-f-]{36}"$/);
  });

  it('gives no result for a 404, and fails with any other failure', async () => {
    expect((await (await apiReturning(404, {})).entraTestGroups(token, acmeOrgId)).ok).toBeNull();
    expect((await (await apiReturning(403, {})).entraTestGroups(token, acmeOrgId)).ok).toBe(false);
    expect((await (await apiReturning(200, {})).entraTestGroups(token, acmeOrgId)).ok).toBe(false);
  });
});

describe('oktaTestCredentials', () => {
  it('requests the first two users', async () => {
    const asked: unknown[] = [];
    const origin = await serve((request, response) => {
      asked.push(request.url);
      response.end(JSON.stringify({ ...empty, totalResults: 5, itemsPerPage: 2, Resources: [{}, {}] }));
    });
    expect((await apiAt(origin).oktaTestCredentials(token, acmeOrgId)).ok).toBe(true);
    expect(asked).toEqual([`/v1/scim/${acmeOrgId}/Users?count=2&startIndex=1`]);
  });

  it.each(['totalResults', 'itemsPerPage', 'startIndex'])('requires %s as a number', async (name) => {
    for (const body of [
      { ...empty, [name]: '1' },
      { ...empty, [name]: undefined },
    ]) {
      expect((await (await apiReturning(200, body)).oktaTestCredentials(token, acmeOrgId)).ok).toBe(false);
    }
  });
});

describe.each(probes)('%s', (probe) => {
  const expectFailure = (result: ConnectionTestResult, message: RegExp, help: RegExp) => {
    expect(result.ok).toBe(false);
    expect(result.message).toMatch(/would fail|could not be tried from here/);
    expect(result.message).toMatch(message);
    expect(result.help).toMatch(help);
    expect(JSON.stringify(result)).not.toContain(token);
  };

  it.each([
    [401, {}, {}, /401/, /Sign in again/],
    [403, { detail: `not ${token}` }, {}, /403.*not \[hidden\]/, /full administrator/],
    [404, {}, {}, /404/, /tenant URL is wrong.*organization ID/],
    [429, {}, {}, /does not say how long/, /Wait a minute/],
    [429, {}, { 'retry-after': '30' }, /429/, /Wait 30 seconds/],
    [502, '<html>', {}, /502/, /status\.webex\.com/],
    [200, '<html>', { 'content-type': 'text/html' }, /web page/, /proxy/],
    [307, '', { location: 'https://example.com/' }, /not followed/, /proxy/],
    [204, '', {}, /documentation/, /tenant URL/],
  ])('explains the response %i %o %o', async (status, body, headers, message, help) => {
    const api = await apiReturning(status, body, headers);
    expectFailure(await api[probe](token, acmeOrgId), message, help);
  });

  it('explains a timeout', async () => {
    const origin = await serve(() => {});
    expectFailure(await apiAt(origin, 60)[probe](token, acmeOrgId), /did not respond in time/, /network/);
  });

  it('explains a TLS error', async () => {
    const result = await apiFailing('UNABLE_TO_VERIFY_LEAF_SIGNATURE')[probe](token, acmeOrgId);
    expectFailure(result, /certificate/, /NODE_EXTRA_CA_CERTS/);
  });
});
