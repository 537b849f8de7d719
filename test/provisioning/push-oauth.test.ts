import { describe, expect, it } from 'vitest';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { ManualSetupRequiredError } from '../../src/provisioning/push/manual-setup.ts';
import { offerAccess } from '../../src/provisioning/push/offer-access.ts';
import type { PushOptions } from '../../src/provisioning/push/provider-push.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { findClient, listClients } from '../../src/store/access/clients.ts';
import { addClient } from '../../src/vault/clients/clients.ts';
import { stageClientSecret, withdrawStagedSecret } from '../../src/vault/clients/staged-secret.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { type ProvisioningServer, provisioningServer } from '../support/provisioning/provisioning-server.ts';
import { actor, notification, provisioning } from '../support/provisioning/provisioning-vault.ts';

const viaOauth: PushOptions = { via: 'oauth' };

async function push({ vault, context }: ProvisioningServer, options: PushOptions = viaOauth) {
  return await pushProfile('entra', vault, 'acme', actor, options, context);
}

function writes({ simulator }: ProvisioningServer): string[] {
  return simulator.entra.requests
    .filter(({ method }) => method === 'PATCH' || method === 'PUT')
    .map(({ method, path }) => `${method} ${path.split('/').slice(1, 2)} ${path.split('/').at(-1)}`);
}

describe('push entra --via oauth', () => {
  it('saves the token endpoint and client credentials, tested before and after', async () => {
    const server = await provisioningServer();
    const { simulator, vault, issuer } = server;
    const { app } = simulator.entra;
    app.secrets.set('SyncNotificationSettings', notification);
    const report = await push(server);
    expect(report).toMatchObject({ ok: true, via: 'oauth' });
    expect(report.steps.map(({ step }) => step)).toEqual([
      ...['sign-in', 'find-app', 'read-settings', 'find-job', 'client', 'test-new', 'save', 'read-back'],
      ...['test-saved', 'job'],
    ]);
    const orgUrl = expect.stringMatching(/\/v1\/scim\/[0-9a-f-]{36}$/);
    expect(Object.fromEntries(app.secrets)).toEqual({
      SyncNotificationSettings: notification,
      AuthenticationType: 'OAuth2ClientCredentialsGrant',
      BaseAddress: orgUrl,
      Oauth2ClientId: 'acme-entra-oauth',
      Oauth2ClientSecret: expect.stringMatching(/^[\w-]{43}$/),
      Oauth2TokenExchangeUri: `${issuer}/oauth/token`,
      CredentialLocationInRequest: 'Header',
    });
    // Never in `secrets`, which refuses the token endpoint.
    expect(writes(server)).toEqual(['PATCH beta connectivityParameters']);
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { via: 'oauth', client: 'acme-entra-oauth', upToDate: true, method: 'push' },
    ]);
    const secret = app.secrets.get('Oauth2ClientSecret') ?? '';
    expect(JSON.stringify(report)).not.toContain(secret);
  });

  it('warns about an address of this computer, and does not refuse it', async () => {
    const report = await push(await provisioningServer());
    expect(report.warnings).toEqual([
      expect.stringMatching(/is a loopback address, which Entra ID cannot reach/),
    ]);
  });

  it('gives a new secret when it is repeated; the previous one works for seven more days', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    await push(server);
    const before = simulator.entra.app.secrets.get('Oauth2ClientSecret');
    const pushedAt = Date.now();
    await push(server);
    const after = simulator.entra.app.secrets.get('Oauth2ClientSecret');
    expect(after).not.toBe(before);
    const clients = await listClients(vault.db);
    expect(clients.map(({ name }) => name)).toEqual(['acme-entra-oauth']);
    const week = 7 * 86_400_000;
    expect(clients[0]?.previousSecret?.until).toBeGreaterThanOrEqual(pushedAt + week);
    for (const secret of [before, after]) {
      const answer = await fetch(`${server.issuer}/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`acme-entra-oauth:${secret}`)}` },
        // Microsoft's sample request has this scope, which no Webex token has.
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'scim' }),
      });
      expect(answer.status).toBe(200);
    }
  });

  it('shows every request of a dry run, sends no change, and registers nothing', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    const report = await push(server, { via: 'oauth', dryRun: true });
    expect(report.requests.filter(({ sent }) => !sent).map(({ method, url }) => `${method} ${url}`)).toEqual([
      expect.stringMatching(/^POST .*\/synchronization\/jobs$/),
      expect.stringMatching(/^POST .*\/validateCredentials$/),
      expect.stringMatching(/^PATCH .*\/beta\/.*\/connectivityParameters$/),
      expect.stringMatching(/^POST .*\/validateCredentials$/),
    ]);
    expect(JSON.stringify(report.requests)).toContain('{"key":"oauth2ClientSecret","value":"****"}');
    expect(report.steps).toContainEqual({
      step: 'client',
      status: 'planned',
      message: 'Would register the API client acme-entra-oauth.',
    });
    expect(await listClients(vault.db)).toEqual([]);
    expect(await listDestinations(vault, 'acme')).toEqual([]);
    expect(simulator.entra.app.secrets.size + simulator.entra.app.jobs.length).toBe(0);
  });

  it('uses another name if a client with that name belongs to someone else', async () => {
    const server = await provisioningServer();
    const { vault } = server;
    await addClient(vault, { name: 'acme-entra-oauth', profiles: ['acme'], relayRights: 'read' }, actor);
    await push(server);
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ client: 'acme-entra-oauth-2' }]);
  });
});

describe('a failed push --via oauth', () => {
  it('leaves the old credentials and no client if the test fails', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    const accessToken = simulator.issueToken('full-admin').accessToken;
    provisioning(server, accessToken);
    simulator.faults.add({ path: '/v1/scim', effect: 403 });
    const error = await brokerErrorOf(() => push(server));
    expect(error).toMatchObject({ code: 'E_REJECTED', remoteState: 'before' });
    expect(error.message).toContain('Nothing was changed');
    expect(simulator.entra.app.secrets.get('SecretToken')).toBe(accessToken);
    expect(writes(server)).toEqual([]);
    expect(await listClients(vault.db)).toEqual([]);
  });

  it.each(['missing', 'read-only'] as const)(
    'asks a person if connectivityParameters are %s, and leaves no change and no client',
    async (served) => {
      const server = await provisioningServer();
      const { simulator, vault } = server;
      const accessToken = simulator.issueToken('full-admin').accessToken;
      provisioning(server, accessToken);
      const before = new Map(simulator.entra.app.secrets);
      simulator.entra.settings.connectivityParameters = served;
      const error = await brokerErrorOf(() => push(server));
      expect(error).toMatchObject({ code: 'E_ENTRA_MANUAL', remoteState: 'before' });
      expect(error.cause).toBeInstanceOf(ManualSetupRequiredError);
      expect(error.cause).toMatchObject({ via: 'oauth', manualSetup: null });
      expect(simulator.entra.app.secrets).toEqual(before);
      expect(await listClients(vault.db)).toEqual([]);
      // A rejection is a response, so the push does not wait and retry.
      expect(server.waits).toEqual([]);
    },
  );

  it('does not count its own test as the connection that a person still has to set up', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    provisioning(server, simulator.issueToken('full-admin').accessToken);
    simulator.entra.settings.connectivityParameters = 'read-only';
    const app = { id: simulator.entra.app.id, name: simulator.entra.app.displayName };
    await offerAccess(vault, 'acme', { provider: 'entra', via: 'oauth', app }, actor);
    expect(await brokerErrorOf(() => push(server))).toMatchObject({ code: 'E_ENTRA_MANUAL' });
    expect(await listClients(vault.db)).toMatchObject([{ name: 'acme-entra-oauth', lastUsedAt: null }]);
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { via: 'token', client: 'acme-entra-oauth', upToDate: false },
    ]);
  });

  it('does not count as a connection while it is running in another process', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    provisioning(server, simulator.issueToken('full-admin').accessToken);
    const app = { id: simulator.entra.app.id, name: simulator.entra.app.displayName };
    await offerAccess(vault, 'acme', { provider: 'entra', via: 'oauth', app }, actor);
    const used = async (usedAt: number, secret: 'current' | 'second') => {
      const change = {
        last_used_at: usedAt,
        ...(secret === 'second' && { previous_secret_used_at: usedAt }),
      };
      await vault.db.updateTable('client').set(change).execute();
      return (await listDestinations(vault, 'acme')).map(({ via }) => via);
    };
    const staged = await stageClientSecret(vault, 'acme-entra-oauth', actor);
    const now = vault.now();
    expect(await used(now, 'second')).toEqual(['token']);
    await withdrawStagedSecret(vault, staged, actor);
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ via: 'token' }]);
    await stageClientSecret(vault, 'acme-entra-oauth', actor);
    await used(now, 'second');
    expect(await used(now + 1, 'current')).toEqual(['oauth']);
  });

  it('asks a person if Graph does not test client credentials that are not saved', async () => {
    const server = await provisioningServer();
    server.simulator.entra.faults.add({ path: /validateCredentials$/, effect: 500 });
    const error = await brokerErrorOf(() => push(server));
    expect(error).toMatchObject({ code: 'E_ENTRA_MANUAL', remoteState: 'before-with-job' });
    expect(writes(server)).toEqual([]);
  });

  it('withdraws a new secret, so that the saved one stays the current one', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    await push(server);
    await push(server);
    const [before] = await listClients(vault.db);
    const saved = simulator.entra.app.secrets.get('Oauth2ClientSecret');
    const end = simulator.faults.add({ path: '/v1/scim', effect: 403 });
    expect(await brokerErrorOf(() => push(server))).toMatchObject({ remoteState: 'before' });
    end();
    expect(simulator.entra.app.secrets.get('Oauth2ClientSecret')).toBe(saved);
    expect(await listClients(vault.db)).toMatchObject([{ previousSecret: before?.previousSecret }]);
    const [job] = simulator.entra.app.jobs;
    if (job !== undefined) job.code = 'Active';
    await simulator.entra.runCycle();
    expect(job).toMatchObject({ code: 'Active', lastExecution: { state: 'Succeeded' } });
  });

  it('keeps both secrets if the response to saving was lost, and the next push uses the same client', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    simulator.entra.faults.add({
      path: /connectivityParameters$/,
      method: 'PATCH',
      effect: 'reset',
      applied: true,
    });
    expect(await brokerErrorOf(() => push(server))).toMatchObject({ code: 'E_GRAPH', remoteState: 'either' });
    const saved = simulator.entra.app.secrets.get('Oauth2ClientSecret') ?? '';
    expect(saved).not.toBe('');
    expect(await findClient(vault.db, 'acme-entra-oauth')).not.toBeNull();
    simulator.entra.faults.clear();
    await push(server);
    expect((await listClients(vault.db)).map(({ name }) => name)).toEqual(['acme-entra-oauth']);
  });
});

describe('an application with client credentials', () => {
  it('is recognized, goes back to the token with --via token, and leaves no client behind', async () => {
    const server = await provisioningServer();
    const { simulator, vault, issuer } = server;
    await push(server);
    simulator.entra.requests.length = 0;
    const accessToken = await server.storeToken();
    const report = await push(server, { via: 'token' });
    const { message = '' } = report.steps.find(({ step }) => step === 'read-settings') ?? {};
    expect(message).toContain(
      `It uses client credentials (token endpoint ${issuer}/oauth/token, client acme-entra-oauth).`,
    );
    expect(message).toContain('They are replaced by a Secret Token: the Webex token itself.');
    expect(writes(server)).toEqual(['PATCH beta connectivityParameters']);
    expect(Object.fromEntries(simulator.entra.app.secrets)).toEqual({
      AuthenticationType: 'AuthenticationToken',
      BaseAddress: expect.any(String),
      SecretToken: accessToken,
    });
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { via: 'token', client: null, upToDate: true },
    ]);
    expect(await listClients(vault.db)).toEqual([]);
    await push(server, { via: 'token' });
    expect(writes(server).at(-1)).toBe('PUT v1.0 secrets');
  });

  it('is not changed back by a push without --via', async () => {
    const server = await provisioningServer();
    await push(server);
    const before = new Map(server.simulator.entra.app.secrets);
    const error = await brokerErrorOf(() => push(server, {}));
    expect(error).toMatchObject({ code: 'E_USAGE', remoteState: 'before' });
    expect(error.message).toContain('is always current, so there is nothing to push');
    expect(server.simulator.entra.app.secrets).toEqual(before);
  });

  it('tells a person what to enter if Graph does not allow the change back', async () => {
    const server = await provisioningServer();
    await push(server);
    server.simulator.entra.settings.connectivityParameters = 'read-only';
    const error = await brokerErrorOf(() => push(server, { via: 'token' }));
    expect(error).toMatchObject({ code: 'E_ENTRA_MANUAL', remoteState: 'before' });
    expect(error.cause).toMatchObject({
      manualSetup: { fields: expect.arrayContaining([expect.objectContaining({ field: 'Secret Token' })]) },
    });
  });
});
