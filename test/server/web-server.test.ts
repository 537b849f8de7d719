import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { findRunningInstance } from '../../src/instance/instance-file.ts';
import { type RunningServer, startWebServer } from '../../src/server/web-server.ts';
import { importToken } from '../../src/vault/sign-in/import-token.ts';
import { brokerErrorOf } from '../support/catch-error.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { runScript } from '../support/run-script.ts';
import { actor, allTokens, newVault, testSettings, today } from '../support/vault/test-vault.ts';

const log = pino({ level: 'silent' });

async function settingsOnFreePort(): Promise<Settings> {
  return { ...(await testSettings()), port: await freePort() };
}

async function started(settings: Settings): Promise<RunningServer> {
  const vault = await newVault(undefined, { settings });
  const server = await startWebServer(vault, log);
  onTestFinished(() => server.close());
  return server;
}

describe('startWebServer', () => {
  it('serves the web app and is found by commands until it stops', async () => {
    const settings = await settingsOnFreePort();
    const server = await started(settings);
    for (const address of ['localhost', '127.0.0.1', '[::1]']) {
      const response = await fetch(`http://${address}:${settings.port}/healthz`);
      expect(await response.json()).toEqual({ status: 'ok' });
    }
    expect(await findRunningInstance(settings.home)).toMatchObject({ port: settings.port, pid: process.pid });
    await server.close();
    expect(await findRunningInstance(settings.home)).toBeNull();
    await expect(fetch(`http://127.0.0.1:${settings.port}/healthz`)).rejects.toThrow();
  });

  it('names the running server if the data folder is in use', async () => {
    const settings = await settingsOnFreePort();
    await started(settings);
    const vault = await newVault(undefined, { settings });
    expect(await brokerErrorOf(() => startWebServer(vault, log))).toMatchObject({
      code: 'E_RUNNING',
      message: expect.stringContaining(`http://localhost:${settings.port} (process ${process.pid})`),
      help: 'Open it: npx webex-token open',
    });
    expect(await findRunningInstance(settings.home)).not.toBeNull();
  });

  it('keeps the instance file of the server that has the port', async () => {
    const settings = await settingsOnFreePort();
    await started(settings);
    const file = join(settings.home, 'server.json');
    const vault = await newVault(undefined, { settings });
    // For example, the running one is too busy to prove its identity in time.
    const unproven = JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), secret: 'x'.repeat(43) });
    writeFileSync(file, unproven);
    const error = await brokerErrorOf(() => startWebServer(vault, log));
    expect(error.code).toBe('E_PORT_TAKEN');
    expect(readFileSync(file, 'utf8')).toBe(unproven);
  });

  describe('an impostor on the port', () => {
    it('is recognized and gets no data', async () => {
      const settings = await settingsOnFreePort();
      const script = join(import.meta.dirname, '../support/processes/occupy-port.ts');
      await runScript(script, ['127.0.0.1', String(settings.port)]).firstLine;
      const vault = await newVault(undefined, { settings });
      const error = await brokerErrorOf(() => startWebServer(vault, log));
      expect(error).toMatchObject({
        code: 'E_PORT_TAKEN',
        message: expect.stringContaining('in use by node'),
      });
      expect(await findRunningInstance(settings.home)).toBeNull();
    });
  });

  it('verifies pending tokens at the start', async () => {
    const settings = await settingsOnFreePort();
    const vault = await newVault(undefined, { settings });
    await importToken(vault, { profile: 'acme' }, 'fake-token-for-acme-1', actor);
    vault.setNow(today + 120_000);
    const server = await startWebServer(vault, log);
    onTestFinished(() => server.close());
    await expect
      .poll(async () => (await allTokens(vault, 'acme')).map(({ state }) => state))
      .toEqual(['current']);
  });
});

describe('waitUntilIdle', () => {
  it('resolves a while after the last request, and at once without requests', async () => {
    const settings = await settingsOnFreePort();
    const server = await started(settings);
    let idle = false;
    void server.waitUntilIdle().then(() => {
      idle = true;
    });
    await setImmediate();
    expect(idle).toBe(true);
    const began = performance.now();
    await (await fetch(`http://127.0.0.1:${settings.port}/healthz`)).text();
    await server.waitUntilIdle();
    expect(performance.now() - began).toBeGreaterThan(1_000);
  });
});
