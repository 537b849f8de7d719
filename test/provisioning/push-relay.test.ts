import { describe, expect, it } from 'vitest';
import type { ProviderId } from '../../src/domain/providers.ts';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { ManualSetupRequiredError } from '../../src/provisioning/push/manual-setup.ts';
import { offerAccess } from '../../src/provisioning/push/offer-access.ts';
import type { PushOptions } from '../../src/provisioning/push/provider-push.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { listClients } from '../../src/store/access/clients.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { type ProvisioningServer, provisioningServer } from '../support/provisioning/provisioning-server.ts';
import { actor, provisioning } from '../support/provisioning/provisioning-vault.ts';

async function push(
  { vault, context }: ProvisioningServer,
  provider: ProviderId,
  options: PushOptions = { via: 'relay' },
) {
  return await pushProfile(provider, vault, 'acme', actor, options, context);
}

/** A SCIM application, whose connection Okta's API serves. */
function scimApp({ simulator }: ProvisioningServer, served = true) {
  return simulator.okta.addApp({ name: 'scim2headerauth', label: 'Webex', served });
}

describe('push entra --via relay', () => {
  it('switches from the pasted token to the relay and back', async () => {
    const server = await provisioningServer();
    const { simulator, vault, issuer } = server;
    const { app, directory } = simulator.entra;
    await push(server, 'entra', { via: 'token' });
    directory.addUser('nia.osei@acme.example', {
      assignments: [{ resourceId: app.id, principalType: 'User' }],
    });
    const report = await push(server, 'entra', { via: 'relay', start: true });
    expect(report).toMatchObject({ via: 'relay', status: { status: 'Active' } });
    expect(app.secrets.get('BaseAddress')).toBe(`${issuer}/scim/acme`);
    const secret = app.secrets.get('SecretToken') ?? '';
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(report)).not.toContain(secret);
    expect(app.jobs[0]?.lastExecution).toMatchObject({ state: 'Succeeded', exported: 1 });
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { via: 'relay', client: 'acme-entra-relay', upToDate: true },
    ]);
    const accessToken = await server.storeToken();
    await push(server, 'entra', { via: 'token' });
    expect(app.secrets.get('SecretToken')).toBe(accessToken);
    expect(app.secrets.get('BaseAddress')).toMatch(/\/v1\/scim\/[0-9a-f-]{36}$/);
    expect(await listClients(vault.db)).toEqual([]);
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ via: 'token', upToDate: true }]);
  });

  it('switches from the relay to the token endpoint, and removes the client that is no longer used', async () => {
    const server = await provisioningServer();
    await push(server, 'entra');
    const report = await push(server, 'entra', { via: 'oauth' });
    expect(report.steps).toContainEqual({
      step: 'remove-client',
      status: 'done',
      message: 'Removed the API client acme-entra-relay, which is no longer used.',
    });
    expect((await listClients(server.vault.db)).map(({ name }) => name)).toEqual(['acme-entra-oauth']);
    await push(server, 'entra', { via: 'relay' });
    const { secrets } = server.simulator.entra.app;
    expect(secrets.get('AuthenticationType')).toBe('AuthenticationToken');
    expect(secrets.has('Oauth2ClientSecret')).toBe(false);
  });

  it('leaves the saved token and no client if the relay cannot be reached', async () => {
    const server = await provisioningServer();
    const { simulator, vault } = server;
    const { accessToken } = simulator.issueToken('full-admin');
    provisioning(server, accessToken);
    const settings = { ...vault.settings, issuer: 'http://127.0.0.1:9' };
    const pushed = () =>
      pushProfile('entra', { ...vault, settings }, 'acme', actor, { via: 'relay' }, server.context);
    const error = await brokerErrorOf(pushed);
    expect(error).toMatchObject({ code: 'E_TEST_UNAVAILABLE', remoteState: 'before' });
    expect(error.message).toContain('Entra ID could not reach the SCIM relay');
    expect(error.help).toContain('with a certificate from a public CA');
    expect(simulator.entra.app.secrets.get('SecretToken')).toBe(accessToken);
    expect(await listClients(vault.db)).toEqual([]);
  });

  it('recognizes its own address after the server moved to another one', async () => {
    const server = await provisioningServer();
    await push(server, 'entra');
    const { app } = server.simulator.entra;
    app.secrets.set('BaseAddress', 'https://old-name.example/scim/acme');
    await push(server, 'entra');
    expect(app.secrets.get('BaseAddress')).toBe(`${server.issuer}/scim/acme`);
    app.secrets.set('BaseAddress', 'https://old-name.example/scim/globex');
    expect(await brokerErrorOf(() => push(server, 'entra'))).toMatchObject({ code: 'E_OTHER_ORGANIZATION' });
  });
});

describe('push okta --via relay', () => {
  it('sets the address and the secret of a SCIM application, tested from here', async () => {
    const server = await provisioningServer();
    const { simulator, vault, issuer } = server;
    const app = scimApp(server);
    const report = await push(server, 'okta');
    expect(report.steps.map(({ step }) => step)).toEqual([
      ...['sign-in', 'find-app', 'read-connection', 'client', 'test-new', 'save', 'read-back'],
    ]);
    expect(app).toMatchObject({ baseUrl: `${issuer}/scim/acme`, connection: 'ENABLED' });
    app.assigned.push({ userName: 'nia.osei@acme.example', displayName: 'Nia Osei' });
    expect(await simulator.okta.runCycle(app)).toEqual({ exported: 1, failed: 0 });
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { provider: 'okta', app: app.id, via: 'relay', client: 'acme-okta-relay', upToDate: true },
    ]);
  });

  it.each([
    ['the API does not serve the application', false, /does not support/],
    ['there is only the catalog’s application', null, /has no field for an address/],
  ] as const)('asks a person if %s, and leaves no client behind', async (_, served, message) => {
    const server = await provisioningServer();
    if (served !== null) scimApp(server, served);
    const error = await brokerErrorOf(() => push(server, 'okta'));
    expect(error).toMatchObject({ code: 'E_OKTA_MANUAL', message: expect.stringMatching(message) });
    expect(error.cause).toBeInstanceOf(ManualSetupRequiredError);
    expect(await listClients(server.vault.db)).toEqual([]);
    expect(await listDestinations(server.vault, 'acme')).toEqual([]);
  });

  it('asks a person if the settings for Okta’s API are missing', async () => {
    const server = await provisioningServer();
    const okta = { ...server.vault.settings.okta, orgUrl: null };
    const vault = { ...server.vault, settings: { ...server.vault.settings, okta } };
    const error = await brokerErrorOf(() => push({ ...server, vault }, 'okta'));
    expect(error).toMatchObject({ code: 'E_OKTA_MANUAL' });
  });

  it('saves nothing and leaves no client behind if the relay cannot be reached from here', async () => {
    const server = await provisioningServer();
    const app = scimApp(server);
    server.simulator.faults.add({ path: '/v1/scim', effect: 503 });
    const error = await brokerErrorOf(() => push(server, 'okta'));
    expect(error).toMatchObject({ remoteState: 'before' });
    expect(app.token).toBeNull();
    expect(await listClients(server.vault.db)).toEqual([]);
  });

  it('refuses client credentials, which Okta cannot send', async () => {
    const server = await provisioningServer();
    const error = await brokerErrorOf(() => push(server, 'okta', { via: 'oauth' }));
    expect(error).toMatchObject({ code: 'E_USAGE' });
  });
});

describe('access that a person sets up', () => {
  it('counts as always current from the first request, and not before', async () => {
    const server = await provisioningServer();
    const { vault, issuer, simulator } = server;
    const app = scimApp(server, false);
    const offered = await offerAccess(
      vault,
      'acme',
      { provider: 'okta', via: 'relay', app: { id: app.id, name: 'Webex' } },
      actor,
    );
    expect(offered.setup.fields).toContainEqual({
      field: 'SCIM connector base URL',
      value: `${issuer}/scim/acme`,
    });
    expect(JSON.stringify(offered.setup)).not.toContain(offered.secret);
    expect(await listDestinations(vault, 'acme')).toMatchObject([
      { via: 'token', client: 'acme-okta-relay', upToDate: false, method: 'manual' },
    ]);
    Object.assign(app, { baseUrl: `${issuer}/scim/acme`, token: offered.secret, connection: 'ENABLED' });
    expect(await simulator.okta.runCycle(app)).toEqual({ exported: 0, failed: 0 });
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ via: 'relay', upToDate: true }]);
  });

  it('counts the pasted token as the one that the application has until then', async () => {
    const server = await provisioningServer();
    const { vault, simulator } = server;
    await push(server, 'entra', { via: 'token' });
    const { id, displayName: name } = simulator.entra.app;
    await offerAccess(vault, 'acme', { provider: 'entra', via: 'oauth', app: { id, name } }, actor);
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ via: 'token', upToDate: true }]);
    await server.storeToken();
    expect(await listDestinations(vault, 'acme')).toMatchObject([{ via: 'token', upToDate: false }]);
  });
});
