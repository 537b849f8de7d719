import { describe, expect, it } from 'vitest';
import { isSameOrganization } from '../../src/provisioning/push/destination-conflict.ts';
import { type ProvisioningMachine, provisioningMachine } from '../support/provisioning/provisioning-cli.ts';

/** A second profile, "globex", of another organization, next to "acme". */
async function twoProfiles(): Promise<ProvisioningMachine & { globexToken: string }> {
  const machine = await provisioningMachine();
  const { accessToken } = machine.simulator.issueToken('other-organization');
  expect(await machine.run(['import', 'globex'], accessToken)).toMatchObject({ code: 0 });
  return { ...machine, globexToken: accessToken };
}

async function destinations({ run }: ProvisioningMachine, profile: string) {
  const shown = JSON.parse((await run(['show', profile, '--json'])).stdout);
  return shown.destinations as { tool: string; upToDate: boolean }[];
}

describe('push entra', () => {
  it('does not take the application of another organization, and changes nothing', async () => {
    const machine = await twoProfiles();
    const { run, simulator, token } = machine;
    const { app, requests } = simulator.entra;
    await run(['push', 'entra', 'acme']);
    requests.length = 0;

    for (const dryRun of [[], ['--dry-run']]) {
      const refused = await run(['push', 'entra', 'globex', ...dryRun]);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toContain(token.account.organization.id);
      expect(refused.stderr).toContain(
        `npx webex-token push entra globex --app ${app.id} --replace-organization`,
      );
    }
    expect(requests.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/token'))).toEqual([]);
    expect(app.secrets.get('SecretToken')).toBe(token.accessToken);
    expect(await destinations(machine, 'acme')).toMatchObject([{ upToDate: true }]);
    expect(await destinations(machine, 'globex')).toEqual([]);
  });

  it('does not take it without --replace-organization, even if it is named', async () => {
    const { run, simulator, token } = await twoProfiles();
    const { app } = simulator.entra;
    await run(['push', 'entra', 'acme']);
    expect(await run(['push', 'entra', 'globex', '--app', app.id])).toMatchObject({ code: 1 });
    expect(app.secrets.get('SecretToken')).toBe(token.accessToken);
  });

  it('takes it with both options, after which the destination of the other profile is out of date', async () => {
    const machine = await twoProfiles();
    const { run, simulator, globexToken } = machine;
    const { app } = simulator.entra;
    await run(['push', 'entra', 'acme']);
    const both = ['--app', app.id, '--replace-organization'];
    expect(await run(['push', 'entra', 'globex', ...both])).toMatchObject({ code: 0 });
    expect(app.secrets.get('SecretToken')).toBe(globexToken);
    expect(await destinations(machine, 'acme')).toMatchObject([{ upToDate: false }]);
    expect(await destinations(machine, 'globex')).toMatchObject([{ upToDate: true }]);
    // From then on it is a destination of "globex", and "acme" needs the same options.
    expect(await run(['push', 'entra', 'globex'])).toMatchObject({ code: 0 });
    expect(await run(['push', 'entra', 'acme'])).toMatchObject({ code: 1 });
  });

  it('refuses --replace-organization without --app, before any request', async () => {
    const { run, simulator } = await twoProfiles();
    const refused = await run(['push', 'entra', 'globex', '--replace-organization']);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('--app ID');
    expect(await run(['push', 'okta', 'globex', '--replace-organization'])).toMatchObject({ code: 2 });
    expect(simulator.entra.requests).toEqual([]);
  });

  it.each([
    [
      'an organization that no profile has',
      'https://api.ciscospark.com/v1/scim/0b9e0000-5eed-4000-8000-00000000000f',
      '0b9e0000-5eed-4000-8000-00000000000f',
    ],
    ['a service that is not Webex', 'https://scim.example.com/v2', 'https://scim.example.com/v2'],
    ['text that is not an address', 'see the wiki', 'see the wiki'],
  ])('does not overwrite %s', async (_, tenantUrl, shown) => {
    const { run, simulator } = await provisioningMachine();
    simulator.entra.app.secrets.set('BaseAddress', tenantUrl);
    const refused = await run(['push', 'entra', 'acme']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(shown);
    expect(simulator.entra.app.secrets.get('BaseAddress')).toBe(tenantUrl);
    expect(simulator.entra.app.jobs).toEqual([]);
  });

  it('finds the other profile if Microsoft Graph hides the Tenant URL', async () => {
    const { run, simulator, token } = await twoProfiles();
    simulator.entra.settings.shownSecrets = 'masked';
    expect(await run(['push', 'entra', 'acme'])).toMatchObject({ code: 0 });
    const refused = await run(['push', 'entra', 'globex']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('the token of "acme" is installed there');
    expect(simulator.entra.app.secrets.get('SecretToken')).toBe(token.accessToken);
  });
});

describe('push okta', () => {
  it('does not take the application that has the token of another profile', async () => {
    const machine = await twoProfiles();
    const { run, simulator, token, globexToken } = machine;
    const { app } = simulator.okta;
    app.served = true;
    await run(['push', 'okta', 'acme']);
    const refused = await run(['push', 'okta', 'globex']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('the token of "acme" is installed there');
    expect(app.token).toBe(token.accessToken);
    expect(await run(['push', 'okta', 'globex', '--app', app.id, '--replace-organization'])).toMatchObject({
      code: 0,
    });
    expect(app.token).toBe(globexToken);
    expect(await destinations(machine, 'acme')).toMatchObject([{ upToDate: false }]);
  });
});

describe('isSameOrganization', () => {
  const id = 'ac3e0001-5eed-4000-8000-000000000001';
  it.each([
    [
      `https://api.ciscospark.com/v1/scim/${id}`,
      `https://API.ciscospark.com/v1/scim/${id.toUpperCase()}/`,
      true,
    ],
    [`https://api.ciscospark.com/v1/scim/${id}`, `https://api-usgov.webex.com/v1/scim/${id}`, true],
    [` https://api.ciscospark.com/v1/scim/${id} `, `https://api.ciscospark.com/v1/scim/${id}?x=1`, true],
    [
      `https://api.ciscospark.com/v1/scim/${id}`,
      `https://api.ciscospark.com/v1/scim/${id.replace('1', '2')}`,
      false,
    ],
    [`https://api.ciscospark.com/v1/scim/${id}`, 'https://api.ciscospark.com/v1/scim/', false],
  ])('compares %s with %s: %s', (one, other, same) => {
    expect(isSameOrganization(one, other)).toBe(same);
  });
});
