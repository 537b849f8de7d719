import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { type Deployment, tenantUrl } from '../../src/webex/deployments.ts';
import { bearing, simulated } from '../support/test-simulator.ts';

interface ScimUser {
  id: string;
  userName: string;
  active: boolean;
  title?: string;
  meta: { location: string };
}

interface ListResponse {
  totalResults: number;
  startIndex: number;
  itemsPerPage: number;
  Resources: ScimUser[];
}

/** The SCIM service as the provisioning tools use it, with the account's own tenant URL and token. */
function scimAs(simulator: Simulator, accountName: string, deployment: Deployment = 'commercial') {
  const { accessToken, account } = simulator.issueToken(accountName, { deployment });
  const tenant = tenantUrl(simulator.endpoints[deployment], account.organization.id);
  const call = (path: string, method = 'GET', body?: unknown): Promise<Response> =>
    fetch(`${tenant}${path}`, {
      method,
      headers: { ...bearing(accessToken), 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return { call, accessToken, tenant };
}

const patchOp = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});

const newUser = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
  userName: 'rita.meyer@acme.example',
  name: { givenName: 'Rita', familyName: 'Meyer' },
};

describe('the simulated SCIM service', () => {
  it('returns an empty list for an unknown user name, as Test Connection of Entra ID needs', async () => {
    const { call } = scimAs(await simulated(), 'full-admin');
    const response = await call(`/Users?filter=${encodeURIComponent('userName eq "0c5ed3f4-nobody"')}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 0,
      Resources: [],
    });
  });

  it('returns two users and numbers for paging, as Test API Credentials of Okta needs', async () => {
    const { call } = scimAs(await simulated(), 'full-admin', 'government');
    const response = await call('/Users?count=2&startIndex=1');
    expect(response.status).toBe(200);
    const list = (await response.json()) as ListResponse;
    expect([list.startIndex, list.itemsPerPage, list.Resources.length]).toEqual([1, 2, 2]);
    expect(list.totalResults).toBeGreaterThan(2);
  });

  it('creates, finds, patches, replaces and deletes a user', async () => {
    const { call } = scimAs(await simulated(), 'full-admin');
    const created = await call('/Users', 'POST', newUser);
    expect(created.status).toBe(201);
    const { id, active } = (await created.json()) as ScimUser;
    expect(active).toBe(true);
    const found = await call(`/Users?filter=${encodeURIComponent('userName eq "rita.meyer@acme.example"')}`);
    expect(((await found.json()) as ListResponse).Resources.map((user) => user.id)).toEqual([id]);
    const patched = await call(
      `/Users/${id}`,
      'PATCH',
      patchOp({ op: 'Replace', path: 'title', value: 'Auditor' }),
    );
    expect(await patched.json()).toMatchObject({ id, title: 'Auditor' });
    const replaced = (await (await call(`/Users/${id}`, 'PUT', newUser)).json()) as ScimUser;
    expect(replaced).not.toHaveProperty('title');
    expect((await call(`/Users/${id}`, 'DELETE')).status).toBe(204);
    expect((await call(`/Users/${id}`)).status).toBe(404);
    expect((await call(`/Users/${id}`, 'DELETE')).status).toBe(404);
  });

  it('refuses a second user with the same name, regardless of case', async () => {
    const { call } = scimAs(await simulated(), 'full-admin');
    expect((await call('/Users', 'POST', { ...newUser, userName: 'Ada.Nakamura@acme.example' })).status).toBe(
      409,
    );
  });

  it('serves SCIM 2 at its own address too', async () => {
    const simulator = await simulated();
    const { tenant, accessToken } = scimAs(simulator, 'full-admin');
    const { origin, pathname } = new URL(tenant);
    const url = `${origin}/identity/scim/${pathname.split('/').at(-1)}/v2/Users?count=1`;
    const list = (await (await fetch(url, { headers: bearing(accessToken) })).json()) as ListResponse;
    expect(list.Resources[0]?.meta.location).toMatch(new RegExp(`^${origin}/identity/scim/[^/]+/v2/Users/`));
  });

  it.each([
    ['full-admin', 200, 201],
    ['no-roles', 200, 201],
    ['user-admin', 200, 403],
    ['read-only-admin', 200, 403],
    ['device-admin', 403, 403],
    ['ordinary', 403, 403],
  ])('returns to %s %i for reading and %i for writing', async (accountName, reading, writing) => {
    const { call } = scimAs(await simulated(), accountName);
    expect([(await call('/Users')).status, (await call('/Users', 'POST', newUser)).status]).toEqual([
      reading,
      writing,
    ]);
  });

  it('accepts a token for its own organization only', async () => {
    const simulator = await simulated();
    const acme = scimAs(simulator, 'full-admin');
    const globex = scimAs(simulator, 'other-organization');
    const across = await fetch(`${acme.tenant}/Users`, { headers: bearing(globex.accessToken) });
    expect(across.status).toBe(404);
    expect((await fetch(`${acme.tenant}/Users`)).status).toBe(401);
  });

  it('requires the SCIM scope', async () => {
    const simulator = await simulated();
    const { accessToken } = simulator.issueToken('full-admin', { scopes: ['spark:people_read'] });
    const { tenant } = scimAs(simulator, 'full-admin');
    expect((await fetch(`${tenant}/Users`, { headers: bearing(accessToken) })).status).toBe(403);
  });

  it('separates organizations that are requested at the same time', async () => {
    const simulator = await simulated();
    const clients = [
      scimAs(simulator, 'full-admin'),
      scimAs(simulator, 'other-organization'),
      scimAs(simulator, 'full-admin', 'government'),
    ];
    const calls = Array.from({ length: 20 }, () => clients).flat();
    const lists = await Promise.all(
      calls.map(async ({ call }) => (await (await call('/Users')).json()) as ListResponse),
    );
    const astray = lists.flatMap(({ Resources }, index) =>
      Resources.filter(({ meta }) => !meta.location.startsWith(`${calls[index]?.tenant}/Users/`)),
    );
    expect(astray).toEqual([]);
  });

  it('revokes every token of a user who is deactivated or deleted', async () => {
    const simulator = await simulated();
    const { call } = scimAs(simulator, 'full-admin');
    const idOf = async (userName: string) => {
      const response = await call(`/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
      return ((await response.json()) as ListResponse).Resources[0]?.id;
    };
    const reads = async (accessToken: string) =>
      (await fetch(`${simulator.endpoints.commercial.api}/people/me`, { headers: bearing(accessToken) }))
        .status;
    const ben = simulator.issueToken('user-admin').accessToken;
    const carla = simulator.issueToken('read-only-admin').accessToken;
    const off = patchOp({ op: 'Replace', path: 'active', value: false });
    expect((await call(`/Users/${await idOf('ben.okafor@acme.example')}`, 'PATCH', off)).status).toBe(200);
    expect([await reads(ben), await reads(carla)]).toEqual([401, 200]);
    await call(`/Users/${await idOf('carla.rossi@acme.example')}`, 'DELETE');
    expect(await reads(carla)).toBe(401);
    expect((await call('/Users')).status).toBe(200);
  });

  it('creates, finds, changes and removes groups, unless the address has none', async () => {
    const simulator = await simulated();
    const { call } = scimAs(simulator, 'full-admin');
    const made = await call('/Groups', 'POST', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'Sales',
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    const filter = encodeURIComponent('displayName eq "Sales"');
    expect(await (await call(`/Groups?filter=${filter}`)).json()).toMatchObject({
      totalResults: 1,
      Resources: [{ id, displayName: 'Sales' }],
    });
    const renamed = await call(
      `/Groups/${id}`,
      'PATCH',
      patchOp({ op: 'replace', path: 'displayName', value: 'Field sales' }),
    );
    expect(await renamed.json()).toMatchObject({ id, displayName: 'Field sales' });
    expect((await call(`/Groups/${id}`, 'DELETE')).status).toBe(204);
    expect((await call(`/Groups/${id}`)).status).toBe(404);
    simulator.settings.groups = 'missing';
    expect((await call('/Groups')).status).toBe(404);
  });
});
