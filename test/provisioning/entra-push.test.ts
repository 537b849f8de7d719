import { describe, expect, it } from 'vitest';
import { listDestinations } from '../../src/provisioning/destinations.ts';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import { entraAddresses, provisioningMachine, storeToken } from '../support/provisioning/provisioning-cli.ts';
import { actor, notification, provisioningVault } from '../support/provisioning/provisioning-vault.ts';

describe('push entra', () => {
  it('sends the token, tests it before and after, and stores the destination', async () => {
    const { simulator, run, token } = await provisioningMachine();
    const { entra } = simulator;
    entra.app.secrets.set('SyncNotificationSettings', notification);

    const pushed = await run(['push', 'entra', 'acme']);
    expect(pushed).toMatchObject({
      code: 0,
      stdout: `Entra ID has the token of "acme", and its test passed: Cisco Webex (${entra.app.id})\n`,
    });
    expect(Object.fromEntries(entra.app.secrets)).toEqual({
      BaseAddress: `${simulator.endpoints.commercial.scim}/${token.account.organization.id}`,
      SecretToken: token.accessToken,
      SyncNotificationSettings: notification,
    });
    const order = entra.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
    const tests = order.flatMap((line, index) => (line === 'POST validateCredentials' ? [index] : []));
    const save = order.indexOf('PUT secrets');
    expect(tests).toHaveLength(2);
    expect(tests[0]).toBeLessThan(save);
    expect(tests[1]).toBeGreaterThan(save);
    // It is not started unless the person asks for it.
    expect(entra.app.jobs).toMatchObject([{ code: 'NotRun' }]);
    expect(pushed.stderr).toMatch(/not started yet and was left unchanged[\s\S]*--start/);

    const shown = JSON.parse((await run(['show', 'acme', '--json'])).stdout);
    expect(shown.destinations).toMatchObject([
      { provider: 'entra', app: entra.app.id, cloud: 'global', method: 'push', upToDate: true },
    ]);
    expect((await run(['list'])).stdout).toMatch(/DESTINATIONS\nacme .* Entra ID$/m);
  });

  it('starts a new job with --start, but never a running one', async () => {
    const { simulator, run } = await provisioningMachine();
    expect(await run(['push', 'entra', 'acme', '--start'])).toMatchObject({ code: 0 });
    expect(simulator.entra.app.jobs).toMatchObject([{ code: 'Active' }]);
    simulator.entra.requests.length = 0;
    expect(await run(['push', 'entra', 'acme', '--start'])).toMatchObject({ code: 0 });
    expect(simulator.entra.requests.filter(({ path }) => path.endsWith('/start'))).toEqual([]);
  });

  it('shows every request of a dry run with the token masked, and changes nothing', async () => {
    const { simulator, run, token } = await provisioningMachine();
    const { app } = simulator.entra;
    const dry = await run(['push', 'entra', 'acme', '--start', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(/^not sent {2}PUT .*"key":"SecretToken","value":"\*\*\*\*"/m);
    expect(dry.stdout).toMatch(/^sent {6}POST .*\/oauth2\/v2\.0\/token$/m);
    expect(dry.stdout + dry.stderr).not.toContain(token.accessToken);
    expect(app.secrets.size + app.jobs.length).toBe(0);

    const planned = dry.stdout
      .split('\n')
      .filter((line) => line.startsWith('not sent'))
      .map((line) => line.replace(/^not sent +/, '').replace(/(\S+ +\S+).*/, '$1'));
    simulator.entra.requests.length = 0;
    expect(await run(['push', 'entra', 'acme', '--start'])).toMatchObject({ code: 0 });
    const made = simulator.entra.requests.filter(
      ({ method, path }) => method !== 'GET' && !/token$/.test(path),
    );
    const { id } = app.jobs[0] ?? { id: '' };
    expect(
      made.map(({ method, path }) => `${method.padEnd(4)} ${simulator.entra.endpoints.graph}${path}`),
    ).toEqual(planned.map((line) => line.replace('THE-NEW-JOB', id)));
    const json = JSON.parse((await run(['push', 'entra', 'acme', '--dry-run', '--json'])).stdout);
    expect(json).toMatchObject({ dryRun: true, status: null });
  });

  describe('the application of push entra', () => {
    it('is selected with --app if there are several, whose IDs are printed', async () => {
      const { simulator, run, token, environment } = await provisioningMachine();
      const second = simulator.entra.directory.addApp();
      const several = await run(['push', 'entra', 'acme']);
      expect(several).toMatchObject({ code: 1, stdout: '' });
      expect(several.stderr).toContain(simulator.entra.app.id);
      expect(several.stderr).toContain(second.id);
      expect(second.jobs.length + simulator.entra.app.jobs.length).toBe(0);

      expect(await run(['push', 'entra', 'acme', '--app', second.appId])).toMatchObject({ code: 0 });
      expect(second.secrets.get('SecretToken')).toBe(token.accessToken);
      // The choice is stored.
      const renewed = await storeToken({ simulator, environment });
      expect(await run(['push', 'entra', 'acme'])).toMatchObject({ code: 0 });
      expect(second.secrets.get('SecretToken')).toBe(renewed.accessToken);
      expect(simulator.entra.app.secrets.size).toBe(0);
    });

    it('is found by its gallery template if it was renamed', async () => {
      const { simulator, run } = await provisioningMachine();
      simulator.entra.app.displayName = 'Webex provisioning (do not touch)';
      expect(await run(['push', 'entra', 'acme'])).toMatchObject({ code: 0 });
      expect(simulator.entra.app.secrets.has('SecretToken')).toBe(true);
    });

    it('is reported if it is missing, unknown or not an ID', async () => {
      const { simulator, run } = await provisioningMachine();
      const unknown = await run(['push', 'entra', 'acme', '--app', '00000000-0000-4000-8000-000000000000']);
      expect(unknown).toMatchObject({ code: 1 });
      expect(unknown.stderr).toMatch(/no enterprise application with the ID/);
      expect(await run(['push', 'entra', 'acme', '--app', 'webex'])).toMatchObject({ code: 2 });
      simulator.entra.directory.apps.length = 0;
      const none = await run(['push', 'entra', 'acme']);
      expect(none).toMatchObject({ code: 1 });
      expect(none.stderr).toMatch(/Add it from the gallery first/);
    });

    it('is retried after 403 and 409 for a limited time if it is new', async () => {
      const { vault, context, simulator, storeToken, waits } = await provisioningVault();
      await storeToken();
      simulator.entra.app.propagationErrors = 4;
      await pushProfile('entra', vault, 'acme', actor, {}, context);
      expect(waits.join('; ')).toMatch(/responds with 409.*responds with 403/);
      simulator.entra.app.propagationErrors = 100;
      waits.length = 0;
      await expect(pushProfile('entra', vault, 'acme', actor, {}, context)).rejects.toMatchObject({
        code: 'E_GRAPH',
        remoteState: 'before',
        help: expect.stringMatching(/Synchronization\.ReadWrite\.All/),
      });
      expect(waits.length).toBeLessThan(10);
    });

    it('is refused if it has no template', async () => {
      const { simulator, run } = await provisioningMachine();
      simulator.entra.app.templates = [];
      const pushed = await run(['push', 'entra', 'acme']);
      expect(pushed).toMatchObject({ code: 1 });
      expect(pushed.stderr).toMatch(/does not support provisioning/);
    });
  });

  describe('a token that Webex rejects in Entra ID', () => {
    it('fails its test with exit code 5, and leaves the previous token in place', async () => {
      const { simulator, run, token, environment } = await provisioningMachine();
      const { app } = simulator.entra;
      await run(['push', 'entra', 'acme', '--start']);
      const second = await storeToken({ simulator, environment });
      second.revoked = true;
      const refused = await run(['push', 'entra', 'acme', '--json']);
      expect(refused).toMatchObject({ code: 5 });
      expect(JSON.parse(refused.stdout)).toMatchObject({
        ok: false,
        code: 'E_REJECTED',
        remoteState: 'before',
      });
      expect(refused.stderr).toMatch(/Entra ID still has its previous settings/);
      expect(app.secrets.get('SecretToken')).toBe(token.accessToken);
      expect(refused.stdout + refused.stderr).not.toContain(second.accessToken);
    });

    it('is reported to be in place if only the test after saving fails', async () => {
      const { vault, context, simulator, storeToken } = await provisioningVault();
      const accessToken = await storeToken();
      simulator.entra.faults.add({ path: /validateCredentials$/, effect: 403, skip: 1 });
      const pushed = pushProfile('entra', vault, 'acme', actor, {}, context);
      await expect(pushed).rejects.toMatchObject({
        remoteState: 'new-untested',
        message: expect.stringMatching(/The new token is saved in Entra ID and passed its test before/),
      });
      expect(simulator.entra.app.secrets.get('SecretToken')).toBe(accessToken);
      const shown = await listDestinations(vault, 'acme');
      expect(shown).toEqual([]);
    });

    it('no longer causes a quarantine once a new token is in place', async () => {
      const { simulator, run, token, environment } = await provisioningMachine();
      const { entra } = simulator;
      await run(['push', 'entra', 'acme', '--start']);
      token.revoked = true;
      await entra.runCycle();
      expect(entra.app.jobs).toMatchObject([{ code: 'Quarantine' }]);

      expect(await run(['show', 'acme', '--live'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(
          /quarantine[\s\S]*did not accept the credentials[\s\S]*disables it in 27 days/,
        ),
      });
      expect((await run(['list'])).stdout).toMatch(/Entra ID \(quarantine, 27 days left\)/);

      await storeToken({ simulator, environment });
      const lifted = await run(['push', 'entra', 'acme']);
      expect(lifted).toMatchObject({ code: 0 });
      expect(lifted.stderr).toMatch(/Ended the quarantine/);
      expect(entra.app.jobs).toMatchObject([{ code: 'Active', quarantine: null }]);
    });
  });

  describe('the sign-in of push entra', () => {
    it('uses a device code on standard error without an application', async () => {
      const { run, simulator } = await provisioningMachine(({ entra }) => entraAddresses(entra));
      const pushed = await run(['push', 'entra', 'acme']);
      expect(pushed).toMatchObject({ code: 0 });
      expect(pushed.stderr).toContain(`${simulator.entra.endpoints.login}/devicelogin`);
      expect(pushed.stderr).toMatch(/enter the code [0-9A-F]{9}/);
    });

    it('exits 1 and changes nothing if it is declined', async () => {
      const { run, simulator } = await provisioningMachine(({ entra }) => entraAddresses(entra));
      simulator.entra.settings.deviceApproval = 'declined';
      const declined = await run(['push', 'entra', 'acme']);
      expect(declined).toMatchObject({ code: 1, stdout: '' });
      expect(declined.stderr).toMatch(/The sign-in was declined/);
      expect(simulator.entra.app.jobs).toEqual([]);
    });

    it('explains a wrong secret without printing it', async () => {
      const secret = 'fake-but-secret-all-the-same';
      const { run } = await provisioningMachine(({ entra }) => ({
        ...entraAddresses(entra),
        AZURE_TENANT_ID: entra.directory.tenantId,
        AZURE_CLIENT_ID: entra.client.clientId,
        AZURE_CLIENT_SECRET: secret,
      }));
      const wrong = await run(['push', 'entra', 'acme']);
      expect(wrong).toMatchObject({ code: 1 });
      expect(wrong.stderr).toMatch(
        /AADSTS7000215[\s\S]*AZURE_CLIENT_SECRET is wrong[\s\S]*Also check AZURE_TENANT_ID/,
      );
      expect(wrong.stderr).not.toContain(secret);
    });

    it('refuses an application without all its settings', async () => {
      const { run } = await provisioningMachine(({ entra }) => ({
        ...entraAddresses(entra),
        AZURE_CLIENT_SECRET: 'fake-secret',
      }));
      const half = await run(['push', 'entra', 'acme']);
      expect(half).toMatchObject({ code: 2 });
      expect(half.stderr).toMatch(/AZURE_TENANT_ID is not set/);
    });
  });

  it('exits 3 before any request for an unknown profile or one without a token', async () => {
    const { run, simulator } = await provisioningMachine();
    expect(await run(['push', 'entra', 'globex'])).toMatchObject({ code: 3 });
    expect(await run(['push', 'okta', 'globex', '--dry-run'])).toMatchObject({ code: 3 });
    expect(simulator.entra.requests).toEqual([]);
  });

  it('reports after a renewal which destinations use the old token', async () => {
    const { run, simulator } = await provisioningMachine();
    await run(['push', 'entra', 'acme']);
    const renewed = await run(['import', 'acme'], simulator.issueToken('full-admin').accessToken);
    expect(renewed.stderr).toMatch(
      /Entra ID \("Cisco Webex"\) still uses an earlier token\. Update it: npx webex-token push entra acme/,
    );
    expect((await run(['show', 'acme'])).stdout).toMatch(/Destination.*still has an earlier token/);
    expect((await run(['list'])).stdout).toMatch(/Entra ID \(outdated\)/);
  });
});
