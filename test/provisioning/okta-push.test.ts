import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pushProfile } from '../../src/provisioning/push/push-profile.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { provisioningMachine, storeToken } from '../support/provisioning/provisioning-cli.ts';
import {
  actor,
  fetchUntil,
  type ProvisioningVault,
  provisioningVault,
} from '../support/provisioning/provisioning-vault.ts';

describe('push okta', () => {
  it('prints what to paste for an application that cannot be automated, without the token, and exits 1', async () => {
    const { run, simulator, token } = await provisioningMachine();
    const manual = await run(['push', 'okta', 'acme', '--json']);
    expect(manual.code).toBe(1);
    expect(JSON.parse(manual.stdout)).toMatchObject({
      ok: false,
      code: 'E_OKTA_MANUAL',
      manualSetup: {
        fields: [
          { field: 'Enable API integration' },
          { field: 'Organization ID', value: token.account.organization.id },
          { field: 'API Token', value: 'the token, from the clipboard' },
        ],
      },
    });
    expect(manual.stderr).toMatch(
      /\(UNKNOWN\)[\s\S]*Test API Credentials[\s\S]*To App[\s\S]*webex-token copy acme/,
    );
    expect(manual.stdout + manual.stderr).not.toContain(token.accessToken);
    expect(simulator.okta.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    // A renewal knows the destination anyway.
    const shown = JSON.parse((await run(['show', 'acme', '--json'])).stdout);
    expect(shown.destinations).toMatchObject([
      { provider: 'okta', method: 'manual', upToDate: false, installedAt: null },
    ]);
  });

  it('sends the token to an application that can be automated, activates it and stores the destination', async () => {
    const { run, simulator, token } = await provisioningMachine();
    simulator.okta.app.served = true;
    expect(await run(['push', 'okta', 'acme'])).toMatchObject({
      code: 0,
      stdout: `Okta has the token of "acme", and its test passed: Cisco Webex (${simulator.okta.app.id})\n`,
    });
    expect(simulator.okta.app).toMatchObject({ token: token.accessToken, connection: 'ENABLED' });
  });

  it('warns if the application is deactivated', async () => {
    const { run, simulator, token } = await provisioningMachine();
    Object.assign(simulator.okta.app, { served: true, status: 'INACTIVE' });
    const pushed = await run(['push', 'okta', 'acme', '--json']);
    expect(pushed.code).toBe(0);
    expect(JSON.parse(pushed.stdout).warnings).toEqual([
      expect.stringContaining('The application "Cisco Webex" is deactivated'),
    ]);
    expect(simulator.okta.app.token).toBe(token.accessToken);
    simulator.okta.app.status = 'ACTIVE';
    expect(JSON.parse((await run(['push', 'okta', 'acme', '--json'])).stdout).warnings).toEqual([]);
  });

  it('only reads in a dry run', async () => {
    const { run, simulator } = await provisioningMachine();
    simulator.okta.app.served = true;
    const dry = await run(['push', 'okta', 'acme', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(
      /^not sent {2}POST .*connections\/default\?activate=true .*"token":"\*\*\*\*"/m,
    );
    expect(simulator.okta.requests.every(({ method }) => method === 'GET')).toBe(true);
    expect(simulator.okta.app.token).toBeNull();
  });

  it('does not push a token that Webex rejects, and exits 5', async () => {
    const { run, simulator, token, environment } = await provisioningMachine();
    simulator.okta.app.served = true;
    await run(['push', 'okta', 'acme']);
    (await storeToken({ simulator, environment })).revoked = true;
    const refused = await run(['push', 'okta', 'acme']);
    expect(refused).toMatchObject({ code: 5 });
    expect(refused.stderr).toMatch(/Okta still has its previous settings/);
    expect(simulator.okta.app.token).toBe(token.accessToken);
  });

  it('prints the IDs of several applications on standard error, and exits 1', async () => {
    const { run, simulator } = await provisioningMachine();
    const second = simulator.okta.addApp({ label: 'Cisco Webex (test)', served: true });
    const several = await run(['push', 'okta', 'acme']);
    expect(several).toMatchObject({ code: 1, stdout: '' });
    expect(several.stderr).toContain(simulator.okta.app.id);
    expect(several.stderr).toContain(second.id);
    expect(await run(['push', 'okta', 'acme', '--app', second.id])).toMatchObject({ code: 0 });
  });

  it('waits as long as the rate limit of Okta says', async () => {
    const { run, simulator } = await provisioningMachine();
    simulator.okta.app.served = true;
    simulator.okta.faults.add({ path: '/api/v1/apps', effect: 429, times: 1 });
    const pushed = await run(['push', 'okta', 'acme']);
    expect(pushed).toMatchObject({ code: 0 });
    expect(pushed.stderr).toMatch(/too many requests \(429\)\. Trying again in [12] s/);
  });
});

describe('push okta, as a service app', () => {
  function serviceApp({ okta }: Simulator, form: 'jwk' | 'pem', type: 'rsa' | 'ec'): NodeJS.ProcessEnv {
    const { privateKey } =
      type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const clientId = `0oaservice${okta.serviceApps.length}`;
    okta.serviceApps.push({
      clientId,
      publicKey: {
        ...createPublicKey(privateKey).export({ format: 'jwk' }),
        alg: type === 'rsa' ? 'RS256' : 'ES256',
      },
      scopes: ['okta.apps.read', 'okta.apps.manage'],
      requiresDpop: true,
    });
    return {
      OKTA_CLIENT_ORGURL: `${okta.orgUrl}/`,
      OKTA_CLIENT_CLIENTID: clientId,
      OKTA_CLIENT_PRIVATEKEY:
        form === 'jwk'
          ? JSON.stringify(privateKey.export({ format: 'jwk' }))
          : privateKey.export({ type: 'pkcs8', format: 'pem' }).toString().replaceAll('\n', '\\n'),
    };
  }

  it.each([
    ['jwk', 'rsa'],
    ['pem', 'rsa'],
    ['jwk', 'ec'],
    ['pem', 'ec'],
  ] as const)('signs in by private_key_jwt and DPoP, the key as %s, %s', async (form, type) => {
    const { run, simulator, token } = await provisioningMachine((simulator) =>
      serviceApp(simulator, form, type),
    );
    simulator.okta.app.served = true;
    const pushed = await run(['push', 'okta', 'acme']);
    expect(pushed).toMatchObject({ code: 0 });
    expect(simulator.okta.app.token).toBe(token.accessToken);
    // Once without the nonce, which is refused, and once with it.
    expect(simulator.okta.requests.filter(({ path }) => path === '/oauth2/v1/token')).toHaveLength(2);
  });

  it('explains an invalid or wrong key without printing it', async () => {
    const { run } = await provisioningMachine((simulator) => ({
      ...serviceApp(simulator, 'jwk', 'rsa'),
      OKTA_CLIENT_PRIVATEKEY: 'fake-private-key',
    }));
    const none = await run(['push', 'okta', 'acme']);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toMatch(/OKTA_CLIENT_PRIVATEKEY/);
    expect(none.stderr).not.toContain('fake-private-key');

    const other = await provisioningMachine((simulator) => ({
      ...serviceApp(simulator, 'jwk', 'ec'),
      OKTA_CLIENT_PRIVATEKEY: JSON.stringify(
        generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
      ),
    }));
    const refused = await other.run(['push', 'okta', 'acme']);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/invalid_client/);
  });
});

describe('push okta, interrupted', () => {
  const points = [
    ['find the application', { path: /\/apps\/[^/]+$/, method: 'GET' }],
    ['ask the connection', { path: /connections\/default$/, method: 'GET' }],
    ['save', { path: /connections\/default$/, method: 'POST' }],
    ['read back', { path: /connections\/default$/, method: 'GET', skip: 1 }],
  ] as const;
  const moments = points.flatMap(([name, at]) => [
    { name, at, applied: false },
    ...(at.method === 'POST' ? [{ name, at, applied: true }] : []),
  ]);

  it.each(moments)(
    'leaves the old or the new token and finishes in the next run, if nothing runs after: $name, applied: $applied',
    async ({ at, applied }) => {
      const world = await provisioningVault();
      const { okta } = world.simulator;
      okta.app.served = true;
      const push = ({ vault, context }: Pick<ProvisioningVault, 'vault' | 'context'>) =>
        pushProfile('okta', vault, 'acme', actor, { app: okta.app.id }, context);
      const old = await world.storeToken();
      await push(world);
      const renewed = await world.storeToken();
      const { fetch, reached } = fetchUntil({ ...at, applied });
      const ended = push({ ...world, context: { ...world.context, fetch } }).then(() => {
        throw new Error('it ended before');
      });
      await Promise.race([reached, ended]);
      expect([old, renewed]).toContain(okta.app.token);
      const vault = await openVault(world.vault.settings);
      onTestFinished(() => closeVault(vault));
      await push({ ...world, vault });
      expect(okta.app).toMatchObject({ token: renewed, connection: 'ENABLED' });
    },
  );

  it.each(moments.filter(({ name }) => name === 'save'))(
    'leaves the old or the new token and finishes in the next run, killed at: $name, applied: $applied',
    async ({ at, applied }) => {
      const { run, spawn, simulator, token, environment } = await provisioningMachine();
      const { okta } = simulator;
      okta.app.served = true;
      await run(['push', 'okta', 'acme']);
      const renewed = await storeToken({ simulator, environment });
      okta.requests.length = 0;
      const { skip = 0 } = at as { skip?: number };
      okta.faults.add({ effect: 'hang', ...(applied && { applied }), ...at });
      const running = spawn(['push', 'okta', 'acme', '--app', okta.app.id]);
      const reached = () =>
        okta.requests.filter(({ method, path }) => method === at.method && at.path.test(path)).length > skip;
      while (!reached()) {
        const ended = await Promise.race([
          running.finished,
          new Promise((resolve) => setTimeout(resolve, 10, null)),
        ]);
        if (ended !== null) throw new Error(`it ended before: ${JSON.stringify(ended)}`);
      }
      running.kill('SIGKILL');
      await running.finished;
      expect([token.accessToken, renewed.accessToken]).toContain(okta.app.token);
      okta.faults.clear();
      expect(await run(['push', 'okta', 'acme'])).toMatchObject({ code: 0 });
      expect(okta.app).toMatchObject({ token: renewed.accessToken, connection: 'ENABLED' });
    },
  );

  it.each(points)(
    'leaves the old or the new token and finishes in the next run, after a fault at: %s',
    async (_, at) => {
      const { vault, context, simulator, storeToken: store } = await provisioningVault();
      const { okta } = simulator;
      okta.app.served = true;
      const push = () => pushProfile('okta', vault, 'acme', actor, { app: okta.app.id }, context);
      const old = await store();
      await push();
      const renewed = await store();
      for (const effect of ['reset', 503, 429] as const) {
        okta.faults.add({ effect, ...at });
        await expect(push()).rejects.toThrow(
          /still has its|is saved in Okta|either its previous settings or all of the new/,
        );
        expect([old, renewed]).toContain(okta.app.token);
        okta.faults.clear();
      }
      await push();
      expect(okta.app.token).toBe(renewed);
    },
  );
});
