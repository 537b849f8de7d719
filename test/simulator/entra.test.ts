import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulated } from '../support/test-simulator.ts';

async function signedIn(simulator: Simulator) {
  const { entra } = simulator;
  const answer = await fetch(`${entra.endpoints.login}/${entra.directory.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: entra.client.clientId,
      client_secret: entra.client.secret,
      scope: `${entra.endpoints.graph}/.default`,
    }),
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  return async (method: string, path: string, body?: object) => {
    const response = await fetch(
      `${entra.endpoints.graph}${path.startsWith('/beta/') ? '' : '/v1.0'}${path}`,
      {
        method,
        headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      },
    );
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
}

function pairs(simulator: Simulator, accessToken: string) {
  const tenantUrl = `${simulator.endpoints.commercial.scim}/${simulator.organizations[0]?.id}`;
  return [
    { key: 'BaseAddress', value: tenantUrl },
    { key: 'SecretToken', value: accessToken },
  ];
}

describe('the simulated Entra ID', () => {
  it('returns secrets as asterisks, compares keys with case, and drops or keeps keys that were left out', async () => {
    const simulator = await simulated();
    const graph = await signedIn(simulator);
    const path = `/servicePrincipals/${simulator.entra.app.id}/synchronization/secrets`;
    const value = pairs(simulator, 'fake-token-for-acme-1');
    expect((await graph('PUT', path, { value })).status).toBe(204);
    expect((await graph('GET', path)).body.value).toEqual([value[0], { key: 'SecretToken', value: '*' }]);
    expect((await graph('PUT', path, { value: [{ key: 'secrettoken', value: 'x' }] })).status).toBe(500);
    expect(simulator.entra.app.secrets.get('SecretToken')).toBe('fake-token-for-acme-1');
    await graph('PUT', path, { value: [{ key: 'SyncAll', value: 'true' }] });
    expect([...simulator.entra.app.secrets.keys()]).toEqual(['SyncAll']);
    simulator.entra.settings.unnamedSecrets = 'kept';
    await graph('PUT', path, { value });
    expect([...simulator.entra.app.secrets.keys()]).toEqual(['SyncAll', 'BaseAddress', 'SecretToken']);
  });

  describe('validateCredentials', () => {
    it.each([
      ['a good token', 'full-admin', {}, 204, undefined],
      ['a revoked token', 'full-admin', { revoked: true }, 400, /CredentialValidationFailure/],
      ['a token without permission', 'ordinary', {}, 400, /CredentialValidationFailure/],
      ['a token of another organization', 'other-organization', {}, 400, /CredentialValidationFailure/],
    ])('sends %s to Webex', async (_, account, change, status, code) => {
      const simulator = await simulated();
      const graph = await signedIn(simulator);
      const { app, directory } = simulator.entra;
      const job = directory.newJob(app, 'ciscowebex');
      const token = Object.assign(simulator.issueToken(account), change);
      const path = `/servicePrincipals/${app.id}/synchronization/jobs/${job.id}/validateCredentials`;
      const answer = await graph('POST', path, { credentials: pairs(simulator, token.accessToken) });
      expect(answer.status).toBe(status);
      if (code !== undefined) expect(answer.body.error.code).toMatch(code);
      expect(simulator.requests.at(-1)).toMatchObject({
        method: 'GET',
        path: expect.stringMatching(/\/Users$/),
      });
    });
  });

  it('returns 403 and 409 for a new application for a while, and always 403 without permission', async () => {
    const simulator = await simulated();
    const graph = await signedIn(simulator);
    simulator.entra.app.propagationErrors = 2;
    const path = `/servicePrincipals/${simulator.entra.app.id}/synchronization/jobs`;
    const statuses = [await graph('GET', path), await graph('GET', path), await graph('GET', path)];
    expect(statuses.map(({ status }) => status)).toEqual([403, 409, 200]);
    simulator.entra.client.permissions = [];
    const weak = await signedIn(simulator);
    expect(await weak('GET', path)).toMatchObject({
      status: 403,
      body: { error: { code: 'Authorization_RequestDenied' } },
    });
  });

  it('puts a job with wrong credentials into quarantine, and lifts it on start', async () => {
    const simulator = await simulated();
    const { app, directory } = simulator.entra;
    const graph = await signedIn(simulator);
    const token = simulator.issueToken('full-admin');
    app.secrets = new Map(pairs(simulator, token.accessToken).map(({ key, value }) => [key, value]));
    const job = directory.newJob(app, 'ciscowebex');
    job.code = 'Active';
    await simulator.entra.runCycle();
    expect(job.code).toBe('Active');
    token.revoked = true;
    await simulator.entra.runCycle();
    const path = `/servicePrincipals/${app.id}/synchronization/jobs/${job.id}`;
    expect((await graph('GET', path)).body.status).toMatchObject({
      code: 'Quarantine',
      quarantine: { reason: 'EncounteredQuarantineException' },
    });
    app.secrets.set('SecretToken', simulator.issueToken('full-admin').accessToken);
    expect((await graph('POST', `${path}/start`)).status).toBe(204);
    expect((await graph('GET', path)).body.status).toMatchObject({ code: 'Active', quarantine: null });
  });

  it('refuses a missing or invalid token', async () => {
    const simulator = await simulated();
    for (const authorization of ['', 'Bearer fake', 'Basic fake']) {
      const answer = await fetch(`${simulator.entra.endpoints.graph}/v1.0/servicePrincipals/x`, {
        headers: { authorization },
      });
      expect(answer.status).toBe(401);
    }
  });
});

describe('connectivityParameters', () => {
  const parameters = (values: Record<string, string>) => ({
    value: Object.entries(values).map(([key, value]) => ({ key, value })),
  });
  const oauth = {
    authenticationType: 'OAuth2ClientCredentialsGrant',
    baseAddress: 'http://scim.example/v1',
    oauth2ClientId: 'acme-entra',
    oauth2ClientSecret: 'fake-secret',
    oauth2TokenExchangeUri: 'http://tokens.example/oauth/token',
    credentialLocationInRequest: 'Header',
  };

  it('take those of one authentication type, all of them, under the exact names', async () => {
    const simulator = await simulated();
    const graph = await signedIn(simulator);
    const { app } = simulator.entra;
    const path = `/servicePrincipals/${app.id}/synchronization/connectivityParameters`;
    expect((await graph('PATCH', path, parameters(oauth))).status).toBe(404);
    const beta = `/beta${path}`;
    const mixed = parameters({ ...oauth, secretToken: 'fake' });
    expect((await graph('PATCH', beta, mixed)).status).toBe(400);
    const { credentialLocationInRequest: _, ...incomplete } = oauth;
    expect((await graph('PATCH', beta, parameters(incomplete))).status).toBe(400);
    expect((await graph('PATCH', beta, parameters(oauth))).status).toBe(204);
    expect((await graph('GET', beta)).body).toEqual({
      value: expect.arrayContaining([
        { key: 'authenticationType', value: 'OAuth2ClientCredentialsGrant' },
        { key: 'oauth2ClientSecret', value: '*' },
      ]),
    });
    simulator.entra.settings.connectivityParameters = 'read-only';
    expect((await graph('PATCH', beta, parameters(oauth))).status).toBe(403);
  });

  it('keep OAuth on when secrets alone are saved, and secrets refuse its token endpoint', async () => {
    const simulator = await simulated();
    const graph = await signedIn(simulator);
    const { app } = simulator.entra;
    const path = `/servicePrincipals/${app.id}/synchronization`;
    await graph('PATCH', `/beta${path}/connectivityParameters`, parameters(oauth));
    expect((await graph('PUT', `${path}/secrets`, { value: pairs(simulator, 'fake') })).status).toBe(204);
    expect(app.secrets.get('AuthenticationType')).toBe('OAuth2ClientCredentialsGrant');
    const refused = await graph('PUT', `${path}/secrets`, {
      value: [{ key: 'Oauth2TokenExchangeUri', value: 'http://tokens.example' }],
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'NotInAllowList' } } });
  });
});

describe('a cycle', () => {
  it('creates the assigned users at the saved address, and then finds nothing to do', async () => {
    const simulator = await simulated();
    const { app, directory } = simulator.entra;
    const token = simulator.issueToken('full-admin');
    app.secrets = new Map(pairs(simulator, token.accessToken).map(({ key, value }) => [key, value]));
    const job = directory.newJob(app, 'ciscowebex');
    job.code = 'Active';
    directory.addUser('nia.osei@acme.example', {
      assignments: [{ resourceId: app.id, principalType: 'User' }],
    });
    directory.addUser('not.assigned@acme.example');
    await simulator.entra.runCycle();
    expect(job.lastExecution).toMatchObject({ state: 'Succeeded', exported: 1, escrowed: 0 });
    expect(simulator.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
    await simulator.entra.runCycle();
    expect(job.lastExecution).toMatchObject({ exported: 0, escrowed: 0 });
  });
});
