import { describe, expect, it } from 'vitest';
import { deployments } from '../../src/webex/deployments.ts';
import { bearing, simulated } from '../support/test-simulator.ts';

const fullAdministrator = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfZnVsbF9hZG1pbg';

describe('the simulated Webex API', () => {
  it('returns the person, organization and roles from people/me', async () => {
    const simulator = await simulated();
    const me = async (accountName: string) => {
      const { accessToken } = simulator.issueToken(accountName);
      const url = `${simulator.endpoints.commercial.api}/people/me`;
      return (await (await fetch(url, { headers: bearing(accessToken) })).json()) as Record<string, unknown>;
    };
    const admin = await me('full-admin');
    expect(admin).toMatchObject({ displayName: 'Ada Nakamura', emails: ['ada.nakamura@acme.example'] });
    expect(admin.roles).toEqual([fullAdministrator]);
    expect(Buffer.from(String(admin.orgId), 'base64url').toString()).toBe(
      `ciscospark://us/ORGANIZATION/${simulator.organizations[0]?.id}`,
    );
    expect((await me('user-admin')).roles).toEqual(['Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfdXNlcl9hZG1pbg']);
    expect((await me('ordinary')).roles).toEqual([]);
    expect(await me('no-roles')).not.toHaveProperty('roles');
    expect((await me('other-organization')).orgId).not.toBe(admin.orgId);
  });

  it('accepts a token at its own deployment, until it expires or is revoked', async () => {
    let clock = 1_800_000_000_000;
    const simulator = await simulated({ now: () => clock });
    const { accessToken } = simulator.issueToken('full-admin', {
      deployment: 'government',
      lifetimeSeconds: 60,
    });
    const statuses = () =>
      Promise.all(
        deployments.map(async (deployment) => {
          const url = `${simulator.endpoints[deployment].api}/people/me`;
          return (await fetch(url, { headers: bearing(accessToken) })).status;
        }),
      );
    expect(await statuses()).toEqual([401, 200]);
    simulator.revoke('full-admin');
    expect(await statuses()).toEqual([401, 200]);
    clock += 60_000;
    expect(await statuses()).toEqual([401, 401]);
    clock -= 60_000;
    expect(await statuses()).toEqual([401, 200]);
    simulator.revoke('full-admin', 'government');
    expect(await statuses()).toEqual([401, 401]);
  });

  it('returns errors in the format of Webex, with a tracking ID', async () => {
    const simulator = await simulated();
    const response = await fetch(`${simulator.endpoints.commercial.api}/people/me`);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({
      message: expect.any(String),
      errors: [{ description: expect.any(String) }],
      trackingId: response.headers.get('trackingid'),
    });
  });

  it('requires the scope of people/me', async () => {
    const simulator = await simulated();
    const { accessToken } = simulator.issueToken('full-admin', { scopes: ['Identity:SCIM'] });
    const response = await fetch(`${simulator.endpoints.commercial.api}/people/me`, {
      headers: bearing(accessToken),
    });
    expect(response.status).toBe(403);
  });

  it('returns the expiry from tokenExpiry, unless it is forbidden', async () => {
    const now = 1_800_000_000_000;
    const simulator = await simulated({ now: () => now });
    const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 100 });
    const ask = () =>
      fetch(`${simulator.endpoints.commercial.api}/authorizations/tokenExpiry`, {
        headers: bearing(accessToken),
      });
    expect(await (await ask()).json()).toEqual({ exp: now + 100_000 });
    simulator.settings.tokenExpiry = 'forbidden';
    expect((await ask()).status).toBe(403);
  });

  it('reports an unknown account, with the known ones', async () => {
    const simulator = await simulated();
    expect(() => simulator.issueToken('nobody')).toThrow(/nobody.*full-admin/);
  });
});
