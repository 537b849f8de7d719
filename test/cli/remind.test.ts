import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { saveChannelSettings } from '../../src/vault/reminders/channel-settings.ts';
import { closeVault, openVault } from '../../src/vault/vault.ts';
import { type Machine, machine } from '../support/cli/cli-process.ts';
import { storeExpiringTokenOn, storeTokenOn } from '../support/cli/store-token.ts';
import { providerEnvironment, provisioningMachine } from '../support/provisioning/provisioning-cli.ts';
import { simulated } from '../support/test-simulator.ts';
import { actor, noKeychain } from '../support/vault/test-vault.ts';

interface Receiver {
  url: string;
  bodies: { trigger: string; profile: string }[];
  signatures: (string | undefined)[];
  raw: string[];
  /** What it does with a request that it has received completely. */
  answer: (respond: (status: number) => void) => void;
}

async function receiver(): Promise<Receiver> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      // `doctor` only connects.
      if (text === '') return void response.end();
      received.raw.push(text);
      received.bodies.push(JSON.parse(text));
      received.signatures.push(request.headers['x-webex-token-signature']?.toString());
      received.answer((status) => response.writeHead(status).end());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const received: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    bodies: [],
    signatures: [],
    raw: [],
    answer: (respond) => respond(200),
  };
  return received;
}

/** A machine with a token that lasts this many days, which sends reminders to a webhook. */
async function reminding(lifeDays: number): Promise<{ on: Machine; to: Receiver; token: string }> {
  const simulator = await simulated();
  const to = await receiver();
  const on = await machine(simulator, {
    WEBEX_TOKEN_WEBHOOK_URL: to.url,
    WEBEX_TOKEN_WEBHOOK_SECRET: 'a secret of the tests',
  });
  return { on, to, token: await storeExpiringTokenOn(on, simulator, lifeDays) };
}

/** Kills a `remind` once the receiver has its message, before it can record the delivery. */
async function killWhileDelivering(on: Pick<Machine, 'spawn'>, to: Receiver): Promise<void> {
  const received = new Promise<void>((resolve) => {
    to.answer = () => resolve();
  });
  const dying = on.spawn(['remind']);
  await received;
  dying.kill('SIGKILL');
  await dying.finished;
  to.answer = (respond) => respond(200);
}

describe('webex-token remind', () => {
  it('sends each due reminder once, signed, without the token', async () => {
    const { on, to, token } = await reminding(3);
    const first = await on.run(['remind', '--json']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout)).toMatchObject({
      channels: [{ channel: 'webhook' }],
      deliveries: [{ profile: 'acme', trigger: '3', outcome: 'sent' }],
    });
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(to.bodies).toMatchObject([{ profile: 'acme', trigger: '3' }]);
    const hmac = createHmac('sha256', 'a secret of the tests')
      .update(to.raw[0] ?? '')
      .digest('hex');
    expect(to.signatures).toEqual([`sha256=${hmac}`]);
    expect(to.raw.join()).not.toContain(token);
  });

  it('uses the settings from the web app, and reports that it cannot without the key', async () => {
    const simulator = await simulated();
    const to = await receiver();
    const on = await machine(simulator);
    const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 3 * 86_400 + 60 });
    await storeTokenOn(on, accessToken);
    const vault = await openVault(
      { ...readSettings({ WEBEX_TOKEN_HOME: on.home }) },
      { keychain: noKeychain },
    );
    await saveChannelSettings(vault, 'webhook', { url: to.url, secret: null }, actor);
    await closeVault(vault);
    const report = JSON.parse((await on.run(['status', '--json'])).stdout);
    expect(report.reminders.channels).toMatchObject([{ channel: 'webhook', source: 'web-app' }]);
    expect((await on.run(['doctor'])).stdout).toContain('webhook, set up in the web app');

    renameSync(join(on.home, 'key.jwk'), join(on.home, 'away'));
    const locked = await on.run(['remind']);
    expect(locked.code).toBe(1);
    expect(locked.stderr).toContain('The reminder settings saved in the web app cannot be used.');
    expect(to.bodies).toEqual([]);
    renameSync(join(on.home, 'away'), join(on.home, 'key.jwk'));
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sent/) });
    expect(to.bodies).toMatchObject([{ profile: 'acme', event: 'expiring' }]);
  });

  it('exits 1 if a delivery fails, and tries again next time', async () => {
    const { on, to } = await reminding(3);
    to.answer = (respond) => respond(500);
    const failed = await on.run(['remind']);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(
      /^failed {2}webhook .*acme by .* \(3 days left\): 127\.0\.0\.1:\d+ responded with 500\n$/,
    );
    to.answer = (respond) => respond(200);
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sent/) });
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: '' });
  });

  it('sends a reminder whose delivery was not recorded at most once more, and does not lose it', async () => {
    const { on, to } = await reminding(3);
    await killWhileDelivering(on, to);
    // Without waiting for the lease: the next run sees that the process that held it has exited.
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sent/) });
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: '' });
    expect(to.bodies).toHaveLength(2);
  });

  it('sends one reminder from ten processes at the same time', async () => {
    const { on, to } = await reminding(3);
    const all = await Promise.all(Array.from({ length: 10 }, () => on.spawn(['remind']).finished));
    expect(all.map(({ code }) => code)).toEqual(Array(10).fill(0));
    expect(to.bodies).toHaveLength(1);
  });

  it('names the settings if there is no channel, and exits 1 only if a reminder is due', async () => {
    const simulator = await simulated();
    const on = await machine(simulator);
    const empty = await on.run(['remind']);
    expect(empty).toMatchObject({ code: 0, stdout: '' });
    expect(empty.stderr).toContain('WEBEX_TOKEN_SMTP_URL');
    const { accessToken } = simulator.issueToken('full-admin', { lifetimeSeconds: 86_400 });
    await storeTokenOn(on, accessToken);
    const due = await on.run(['remind']);
    expect(due.code).toBe(1);
    expect(due.stderr).toMatch(/Reminders are due[\s\S]*WEBEX_TOKEN_WEBHOOK_URL/);
  });

  it('reports a wrong setting in one line, without secrets', async () => {
    for (const [name, value] of [
      ['WEBEX_TOKEN_WEBHOOK_URL', 'http://hooks.example/fake-secret'],
      ['WEBEX_TOKEN_SMTP_URL', 'ftp://user:fake-secret@mail.example'],
      ['WEBEX_TOKEN_REMINDER_DAYS', '60,many'],
      ['WEBEX_TOKEN_MAIL_TO', 'it@example.com'],
    ]) {
      const on = await machine(undefined, { [name ?? '']: value });
      const { code, stderr } = await on.run(['remind']);
      expect(code).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(name === 'WEBEX_TOKEN_MAIL_TO' ? 'WEBEX_TOKEN_SMTP_URL is' : `${name}: `);
      expect(stderr).toContain('for example');
      expect(stderr).not.toContain('fake-secret');
    }
  });

  it('needs no key, because cron cannot reach a keychain', async () => {
    const { on, to } = await reminding(3);
    on.environment.WEBEX_TOKEN_KEY_FILE = '/nowhere/key.jwk';
    expect((await on.run(['get', 'acme'])).code).not.toBe(0);
    expect((await on.run(['remind'])).code).toBe(0);
    expect(to.bodies).toHaveLength(1);
  });

  it('finds a quarantine in Entra ID unattended, alerts once even if it is killed, and shows it', async () => {
    const to = await receiver();
    const on = await provisioningMachine((simulator) => ({
      ...providerEnvironment(simulator),
      WEBEX_TOKEN_WEBHOOK_URL: to.url,
    }));
    expect((await on.run(['push', 'entra', 'acme', '--start'])).code).toBe(0);
    const { entra } = on.simulator;
    const secret = entra.app.secrets.get('SecretToken') ?? '';
    entra.app.secrets.set('SecretToken', 'fake-token-that-nobody-takes');
    await entra.runCycle();

    await killWhileDelivering(on, to);
    expect(await on.run(['remind'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^sent +webhook +Fix provisioning for acme by .* \(27 days left\)\n$/),
    });
    expect(await on.run(['remind'])).toMatchObject({ code: 0, stdout: '' });
    expect(to.bodies).toMatchObject([
      { trigger: 'quarantine', profile: 'acme', quarantine: { app: entra.app.id, daysLeft: 27 } },
      { trigger: 'quarantine' },
    ]);
    expect(to.raw.join()).not.toContain(secret);

    expect((await on.run(['show', 'acme'])).stdout).toMatch(
      /Provisioning is in quarantine[\s\S]*Entra ID disables it in 27 days\.[\s\S]*Settings reviewed /,
    );
    expect(await on.run(['check'])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^WEBEX TOKEN WARNING - acme is quarantined by Entra ID, 27 days left/),
    });
  });

  it('warns when Entra ID cannot be reached, and still sends every reminder', async () => {
    const to = await receiver();
    const on = await provisioningMachine((simulator) => ({
      ...providerEnvironment(simulator),
      WEBEX_TOKEN_WEBHOOK_URL: to.url,
      WEBEX_TOKEN_REMINDER_DAYS: '1000,364',
    }));
    await on.run(['push', 'entra', 'acme']);
    on.environment.AZURE_CLIENT_SECRET = 'fake-wrong-secret';
    const { code, stdout, stderr } = await on.run(['remind']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sent/);
    expect(stderr).toMatch(/The status of "Cisco Webex" could not be checked\..*AADSTS7000215/);
    expect(stderr).not.toContain('fake-wrong-secret');
  });
});
