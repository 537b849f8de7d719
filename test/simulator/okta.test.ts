import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulated } from '../support/test-simulator.ts';

function asking({ okta }: Simulator, authorization = `SSWS ${okta.apiToken}`) {
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(`${okta.orgUrl}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    };
  };
}

describe('the simulated Okta', () => {
  it('returns 200 and UNKNOWN for an application that cannot be automated, and stores nothing', async () => {
    const simulator = await simulated();
    const ask = asking(simulator);
    const path = `/api/v1/apps/${simulator.okta.app.id}/connections/default`;
    expect(await ask('GET', path)).toMatchObject({
      status: 200,
      body: { status: 'UNKNOWN', authScheme: 'UNKNOWN', profile: { authScheme: 'UNKNOWN' } },
    });
    expect((await ask('POST', path, { profile: { authScheme: 'TOKEN', token: 'fake' } })).status).toBe(400);
  });

  it('stores the token of an application that can be automated, and never returns it', async () => {
    const simulator = await simulated();
    simulator.okta.app.served = true;
    const ask = asking(simulator);
    const path = `/api/v1/apps/${simulator.okta.app.id}/connections/default`;
    const profile = { authScheme: 'TOKEN', token: 'fake-token-for-acme-1' };
    expect((await ask('POST', path, { profile })).body).toMatchObject({ status: 'DISABLED' });
    expect((await ask('POST', `${path}/lifecycle/activate`)).status).toBe(204);
    const { body } = await ask('GET', path);
    expect(body).toMatchObject({ status: 'ENABLED', authScheme: 'TOKEN' });
    expect(JSON.stringify(body)).not.toContain('fake-token');
    expect(simulator.okta.app.token).toBe('fake-token-for-acme-1');
  });

  it('refuses a wrong API token, and reports its rate limit in the header of Okta', async () => {
    const simulator = await simulated();
    expect((await asking(simulator, 'SSWS fake')('GET', '/api/v1/apps')).status).toBe(401);
    expect((await asking(simulator, 'Bearer fake')('GET', '/api/v1/apps')).status).toBe(401);
    simulator.okta.faults.add({ path: '/api/v1/apps', effect: 429, times: 1 });
    const asked = Date.now();
    const limited = await asking(simulator)('GET', '/api/v1/apps?q=Cisco');
    expect(limited.status).toBe(429);
    expect(limited.headers.get('retry-after')).toBeNull();
    expect(Number(limited.headers.get('x-rate-limit-reset'))).toBeGreaterThan(asked / 1000);
  });

  it('refuses a service app without a signed assertion', async () => {
    const { okta } = await simulated();
    const answer = await fetch(`${okta.orgUrl}/oauth2/v1/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_assertion: 'a.b.c' }),
    });
    expect(answer.status).toBe(401);
  });

  it('provisions the assigned users to the address of a SCIM application', async () => {
    const simulator = await simulated();
    const { okta, endpoints, organizations } = simulator;
    const app = okta.addApp({ name: 'scim2headerauth', label: 'Webex', served: true });
    const ask = asking(simulator);
    const path = `/api/v1/apps/${app.id}/connections/default`;
    const { accessToken } = simulator.issueToken('full-admin');
    const profile = { authScheme: 'TOKEN', token: accessToken };
    expect((await ask('POST', path, { profile })).status).toBe(400);
    const baseUrl = `${endpoints.commercial.scim}/${organizations[0]?.id}`;
    expect((await ask('POST', path, { baseUrl, profile })).body).toMatchObject({ baseUrl });
    app.assigned.push({ userName: 'nia.osei@acme.example', displayName: 'Nia Osei' });
    expect(await okta.runCycle(app)).toEqual({ exported: 1, failed: 0 });
    expect(await okta.runCycle(app)).toEqual({ exported: 0, failed: 0 });
    simulator.revoke('full-admin');
    await expect(okta.runCycle(app)).rejects.toThrow('failed (401)');
  });
});
