import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EntraSettings } from '../../src/config/settings.ts';
import { type EntraSignIn, signInToGraph } from '../../src/provisioning/entra/auth/sign-in.ts';
import { entraEndpoints } from '../../src/provisioning/entra/clouds.ts';
import type { PushEvent } from '../../src/provisioning/push/push-context.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { selfSigned } from '../support/self-signed.ts';
import { simulated } from '../support/test-simulator.ts';

/** Shared, because creating an RSA key takes longer than a test. */
const ours = selfSigned();
const other = selfSigned();

const nothing: EntraSettings = {
  graphUrl: null,
  loginUrl: null,
  tenantId: null,
  clientId: null,
  clientSecret: null,
  clientCertificatePath: null,
};

function signIn(
  simulator: Simulator,
  settings: Partial<EntraSettings>,
  more: Partial<EntraSignIn['context']> = {},
) {
  return signInToGraph({
    settings: { ...nothing, ...settings },
    endpoints: simulator.entra.endpoints,
    context: { fetch: globalThis.fetch, sleep: () => Promise.resolve(), onEvent: () => {}, ...more },
  });
}

function pemFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-pem-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'entra.pem');
  writeFileSync(file, text);
  return file;
}

describe('the sign-in to Entra ID', () => {
  it('signs an assertion for the token endpoint that names the certificate by its thumbprints', async () => {
    const simulator = await simulated();
    const { certificate, privateKey } = ours;
    simulator.entra.clients.push({
      clientId: 'fake-app',
      certificate,
      permissions: ['Synchronization.ReadWrite.All'],
    });
    const settings = { tenantId: simulator.entra.directory.tenantId, clientId: 'fake-app' };
    // A chain with the key in the middle: the certificate of the key is used.
    const file = pemFile(other.certificate + privateKey + certificate);
    await expect(signIn(simulator, { ...settings, clientCertificatePath: file })).resolves.toMatch(
      /^SIMULATED-GRAPH-TOKEN-/,
    );

    const wrong = pemFile(other.certificate + other.privateKey);
    await expect(signIn(simulator, { ...settings, clientCertificatePath: wrong })).rejects.toMatchObject({
      code: 'E_ENTRA_SIGN_IN',
      message: expect.stringMatching(/invalid_client/),
    });
  });

  it.each([
    ['no file', null, /does not exist/],
    ['no key', ours.certificate, /has no readable private key/],
    [
      'no certificate of that key',
      ours.certificate + other.privateKey,
      /has no certificate for its private key/,
    ],
    [
      'a key that Entra ID does not take',
      generateKeyPairSync('ec', { namedCurve: 'P-256' })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
      /not RSA/,
    ],
  ])('explains a certificate file with %s, without its content', async (_, text, message) => {
    const simulator = await simulated();
    const clientCertificatePath = text === null ? '/nowhere/entra.pem' : pemFile(text);
    const settings = { tenantId: 'acme.onmicrosoft.com', clientId: 'fake-app', clientCertificatePath };
    const failed = await signIn(simulator, settings).catch((error: unknown) => error as Error);
    expect(failed).toMatchObject({ code: 'E_CERTIFICATE', message: expect.stringMatching(message) });
    expect(String(failed)).not.toContain('BEGIN');
    expect(simulator.entra.requests).toEqual([]);
  });

  it('shows a device code, waits for the person, and requests only what it needs', async () => {
    const simulator = await simulated();
    simulator.entra.settings.deviceApproval = 'page';
    const asked: string[] = [];
    const token = await signIn(
      simulator,
      {},
      {
        fetch: (input, init) => {
          asked.push(String(init?.body ?? ''));
          return fetch(input, init);
        },
        onEvent: (event) => {
          if (event.type !== 'device-code') return;
          const { userCode, verificationUri } = event.code;
          void fetch(verificationUri, { method: 'POST', body: new URLSearchParams({ code: userCode }) });
        },
      },
    );
    expect(token).toMatch(/^SIMULATED-GRAPH-TOKEN-/);
    expect(simulator.entra.requests[0]?.path).toBe('/organizations/oauth2/v2.0/devicecode');
    expect(new URLSearchParams(asked[0]).get('scope')).toContain('/Synchronization.ReadWrite.All');
  });

  it('reports a device code that was not used in time', async () => {
    const simulator = await simulated();
    simulator.entra.settings.deviceApproval = 'page';
    simulator.entra.settings.deviceCodeLifetime = 0.1;
    const events: PushEvent[] = [];
    const failed = signIn(simulator, {}, { onEvent: (event) => events.push(event) });
    await expect(failed).rejects.toMatchObject({
      code: 'E_ENTRA_SIGN_IN',
      help: expect.stringContaining('No one signed in within the time limit'),
    });
    // Polling again for an expired code cannot succeed.
    expect(events.map(({ type }) => type)).not.toContain('wait');
  });

  it('retries after a temporary failure', async () => {
    const simulator = await simulated();
    const { clientId, secret } = simulator.entra.client;
    simulator.entra.faults.add({ path: /token$/, effect: 503, times: 2 });
    const settings = { tenantId: simulator.entra.directory.tenantId, clientId, clientSecret: secret };
    await expect(signIn(simulator, settings)).resolves.toMatch(/^SIMULATED/);
  });

  it('uses the endpoints of the four national clouds, unless the settings say otherwise', () => {
    const none = { graphUrl: null, loginUrl: null };
    expect(entraEndpoints('global', none)).toEqual({
      graph: 'https://graph.microsoft.com',
      login: 'https://login.microsoftonline.com',
    });
    expect(entraEndpoints('gcc-high', none).graph).toBe('https://graph.microsoft.us');
    expect(entraEndpoints('dod', none)).toEqual({
      graph: 'https://dod-graph.microsoft.us',
      login: 'https://login.microsoftonline.us',
    });
    expect(entraEndpoints('china', none).login).toBe('https://login.chinacloudapi.cn');
    expect(entraEndpoints('dod', { graphUrl: 'https://graph.example', loginUrl: null }).graph).toBe(
      'https://graph.example',
    );
  });
});
