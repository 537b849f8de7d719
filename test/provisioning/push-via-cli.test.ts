import { describe, expect, it } from 'vitest';
import { provisioningMachine } from '../support/provisioning/provisioning-cli.ts';

describe('push --via on the command line', () => {
  it('prints the values to enter, exits 1, and keeps the secret out of anything but a terminal', async () => {
    const { run } = await provisioningMachine();
    const pushed = await run(['push', 'okta', 'acme', '--via', 'relay', '--json']);
    expect(pushed.code).toBe(1);
    const tenantUrl = expect.stringMatching(/^http:\/\/localhost:\d+\/scim\/acme$/);
    expect(JSON.parse(pushed.stdout)).toMatchObject({
      ok: false,
      code: 'E_OKTA_MANUAL',
      remoteState: 'before',
      manualSetup: {
        fields: expect.arrayContaining([{ field: 'SCIM connector base URL', value: tenantUrl }]),
      },
    });
    expect(pushed.stderr).toContain('is a loopback address, which Okta cannot reach');
    expect(pushed.stderr).toMatch(/SCIM connector base URL: http[\s\S]*Authorization: Bearer: the secret/);
    expect(pushed.stderr).toContain('webex-token client rotate acme-okta-relay --overlap 0');
    expect(pushed.stdout + pushed.stderr).not.toMatch(/\b[\w-]{43}\b/);
    const [client] = JSON.parse((await run(['client', 'list', '--json'])).stdout);
    expect(client).toMatchObject({ client_id: 'acme-okta-relay', profiles: ['acme'], rights: 'all' });
    const shown = await run(['show', 'acme']);
    expect(shown.stdout).toContain('waiting for the first request of the API client acme-okta-relay');
  });

  it('registers nothing in a dry run', async () => {
    const { run } = await provisioningMachine();
    expect((await run(['push', 'okta', 'acme', '--via', 'relay', '--dry-run'])).code).toBe(1);
    const dry = await run(['push', 'entra', 'acme', '--via', 'relay', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^not sent {2}PUT .*\/scim\/acme.*"key":"SecretToken","value":"\*\*\*\*"/m);
    expect(dry.stderr).toContain('Would register the API client acme-entra-relay.');
    expect(JSON.parse((await run(['client', 'list', '--json'])).stdout)).toEqual([]);
  });

  it('refuses a method that the provider does not have, and fails if nothing responds', async () => {
    const { run, simulator } = await provisioningMachine();
    expect((await run(['push', 'okta', 'acme', '--via', 'oauth'])).code).toBe(2);
    const failed = await run(['push', 'entra', 'acme', '--via', 'relay']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Entra ID could not reach the SCIM relay to test the secret.');
    expect(simulator.entra.app.secrets.size).toBe(0);
    expect(JSON.parse((await run(['client', 'list', '--json'])).stdout)).toEqual([]);
  });
});
