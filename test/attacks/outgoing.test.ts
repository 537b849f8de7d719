import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import nodemailer from 'nodemailer';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { discoverKeys, readKeys } from '../../src/api/client-auth/issuer-documents.ts';
import { readSettings, type Settings } from '../../src/config/settings.ts';
import { findRunningInstance, newInstance, writeInstanceFile } from '../../src/instance/instance-file.ts';
import { signInToGraph } from '../../src/provisioning/entra/auth/sign-in.ts';
import { GraphClient } from '../../src/provisioning/entra/graph/client.ts';
import { OktaClient } from '../../src/provisioning/okta/client.ts';
import { signInToOkta } from '../../src/provisioning/okta/sign-in.ts';
import { mailChannel } from '../../src/reminders/channels/mail.ts';
import { webhookChannel } from '../../src/reminders/channels/webhook.ts';
import { createWebexApi } from '../../src/webex/api/client.ts';
import { sampleMessage } from '../support/reminders/sample-message.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

type Fetch = typeof globalThis.fetch;

const token = 'fake-token-that-goes-out';
const clientSecret = 'fake-client-secret-that-goes-out';
const webhookSecret = 'fake-webhook-secret-that-signs';
const orgId = '11111111-2222-4333-8444-555555555555';
const secrets = [token, clientSecret, webhookSecret];
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const quiet = { sleep: () => Promise.resolve(), onEvent: () => {} };
const entra: Settings['entra'] = {
  graphUrl: null,
  loginUrl: null,
  tenantId: 'acme.onmicrosoft.com',
  clientId: 'fake-app',
  clientSecret,
  clientCertificatePath: null,
};
const okta = { orgUrl: null, token: null, clientId: null, privateKey: null, keyId: null };

function webex(origin: string, fetch: Fetch) {
  return createWebexApi({
    deployment: 'commercial',
    api: `${origin}/v1`,
    scim: `${origin}/v1/scim`,
    fetch,
    now: Date.now,
  });
}

function entraSignIn(origin: string, fetch: Fetch, settings: Partial<Settings['entra']> = {}) {
  const endpoints = { graph: origin, login: origin };
  return signInToGraph({ settings: { ...entra, ...settings }, endpoints, context: { fetch, ...quiet } });
}

/** Everything in this program that sends HTTP requests, directed at one origin. */
const callers: Record<string, (origin: string, fetch: Fetch) => Promise<unknown>> = {
  'Webex: whose token': (origin, fetch) => webex(origin, fetch).whoAmI(token),
  'Webex: how long': (origin, fetch) => webex(origin, fetch).tokenExpiry(token),
  'Webex: as Entra ID tests it': (origin, fetch) => webex(origin, fetch).entraTestConnection(token, orgId),
  'Webex: as Okta tests it': (origin, fetch) => webex(origin, fetch).oktaTestCredentials(token, orgId),
  'keys of an issuer': (origin, fetch) => {
    const request = { fetch, now: Date.now };
    return Promise.all([discoverKeys(`${origin}/issuer`, request), readKeys(`${origin}/keys`, request)]);
  },
  'Entra ID: sign-in by secret': (origin, fetch) => entraSignIn(origin, fetch),
  'Entra ID: sign-in by a person': (origin, fetch) => entraSignIn(origin, fetch, { clientSecret: null }),
  'Microsoft Graph': (origin, fetch) => {
    const connection = {
      origin,
      accessToken: token,
      fetch,
      now: Date.now,
      secrets: [],
      dryRun: false,
      ...quiet,
    };
    return new GraphClient(connection).send({ method: 'PUT', path: '/secrets', json: { value: token } });
  },
  'Okta: sign-in by key': (origin, fetch) =>
    signInToOkta({ ...okta, orgUrl: origin, clientId: 'fake-app', privateKey: pem }, { fetch, ...quiet }),
  'Okta: by API token': async (origin, fetch) => {
    const session = await signInToOkta({ ...okta, orgUrl: origin, token: clientSecret }, { fetch, ...quiet });
    const connection = { session, now: Date.now, secrets: [], dryRun: false, ...quiet };
    return new OktaClient(connection).send({ method: 'POST', path: '/api/v1/apps', json: { token } });
  },
  webhook: async (origin, fetch) => {
    const reminders = { smtpUrl: null, mailFrom: null, mailTo: [], days: [] };
    const settings = { ...reminders, webhookUrl: `${origin}/hook`, webhookSecret };
    await webhookChannel(settings, fetch)?.deliver(sampleMessage());
  },
};

const names = Object.keys(callers);
const call = (name: string, origin: string, fetch: Fetch) =>
  callers[name]?.(origin, fetch).catch((error: unknown) => error);

describe('every outgoing request', () => {
  it.each(names)('has no secret in the URL, follows no redirect, and has a timeout: %s', async (name) => {
    const asked: { url: URL; init: RequestInit }[] = [];
    await call(name, 'https://service.example', (input, init = {}) => {
      asked.push({ url: new URL(input instanceof Request ? input.url : input), init });
      return Promise.reject(new TypeError('fetch failed'));
    });
    expect(asked.length).toBeGreaterThan(0);
    for (const { url, init } of asked) {
      expect(url.origin).toBe('https://service.example');
      for (const secret of secrets) expect(decodeURIComponent(url.href)).not.toContain(secret);
      expect(url.username + url.password).toBe('');
      expect(['manual', 'error']).toContain(init.redirect);
      expect(init.signal).toBeInstanceOf(AbortSignal);
    }
  });

  it.each(names)('sends nothing to the target of a redirect: %s', async (name) => {
    const followed: string[] = [];
    const trap = await listening((request, response) => {
      followed.push(`${request.method} ${request.url}`);
      response.end('{}');
    });
    let redirected = 0;
    const redirecting = await listening((request, response) => {
      redirected += 1;
      request.resume();
      response.writeHead(redirected % 2 === 0 ? 302 : 307, { Location: `${trap}/taken` }).end();
    });
    await call(name, redirecting, globalThis.fetch);
    expect(redirected).toBeGreaterThan(0);
    expect(followed).toEqual([]);
  });

  it.each(names)('ends if the server never responds: %s', async (name) => {
    const limits: number[] = [];
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
      limits.push(milliseconds);
      return timeout(20);
    });
    onTestFinished(() => void vi.restoreAllMocks());
    const hanging: Fetch = (_input, init) =>
      new Promise((_resolve, reject) => {
        const giveUp = () => reject(init?.signal?.reason);
        if (init?.signal?.aborted) giveUp();
        init?.signal?.addEventListener('abort', giveUp);
      });
    await call(name, 'https://service.example', hanging);
    expect(limits.length).toBeGreaterThan(0);
    for (const limit of limits) expect(limit).toBeLessThanOrEqual(60_000);
  });

  it.each(names.filter((name) => name !== 'webhook'))(
    'is not sent unencrypted over a network: %s',
    async (name) => {
      for (const origin of [
        'http://service.example',
        'http://localhost.evil.example',
        'http://127.0.0.1.evil.example',
        'ftp://localhost',
        'http://user:secret@localhost',
        'https://user:secret@service.example',
      ]) {
        let asked = 0;
        const error = await call(name, origin, () => {
          asked += 1;
          return Promise.reject(new TypeError('fetch failed'));
        });
        expect(asked).toBe(0);
        expect(error).toMatchObject({ code: 'E_INSECURE_ADDRESS' });
        expect(String(error)).not.toContain('secret');
      }
    },
  );

  it.each([
    ['nothing listens on IPv4', 'ECONNREFUSED', ['127.0.0.1', '[::1]']],
    ['something else listens on IPv4', 'ECONNRESET', ['127.0.0.1']],
  ])('has a timeout and follows no redirect to the running web app: %s', async (_case, code, hosts) => {
    const home = temporaryFolder();
    writeInstanceFile(home, newInstance(1));
    const asked: string[] = [];
    await findRunningInstance(home, (input, init = {}) => {
      asked.push(new URL(input instanceof Request ? input.url : input).hostname);
      expect(init).toMatchObject({ redirect: 'error', signal: expect.any(AbortSignal) });
      return Promise.reject(
        new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
      );
    });
    expect(asked).toEqual(hosts);
  });
});

/** URLs in settings must be HTTPS or a loopback address. */
describe('settings', () => {
  const addresses = Object.keys(readEnvironment()).filter((name) => /_(URL|ORGURL)$|_ISSUER$/.test(name));

  it('are all known to this test if they contain a URL', () => {
    expect(addresses.length).toBeGreaterThanOrEqual(12);
  });

  it.each(addresses.filter((name) => !/DATABASE|SMTP/.test(name)))('refuse an insecure URL: %s', (name) => {
    for (const value of [
      'http://service.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'http://0.0.0.0',
      'http://[::]',
      'ftp://localhost',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'https://user:secret@service.example',
      '//service.example',
    ]) {
      expect(() => readSettings({ [name]: value })).toThrow(new RegExp(`^${name}: `));
      expect(() => readSettings({ [name]: value })).not.toThrow(/secret/);
    }
    for (const value of [
      'https://service.example',
      'http://localhost:1',
      'http://127.0.0.1:1',
      'http://[::1]:1',
    ]) {
      expect(readSettings({ [name]: value })).toBeDefined();
    }
  });

  it('refuse an insecure mail server: WEBEX_TOKEN_SMTP_URL', () => {
    for (const value of [
      'http://mail.example',
      'smtp://',
      'smtp://mail.example/x',
      'smtps://mail.example?x=y',
    ]) {
      expect(() => readSettings({ WEBEX_TOKEN_SMTP_URL: value, WEBEX_TOKEN_MAIL_TO: 'a@b.example' })).toThrow(
        /^WEBEX_TOKEN_SMTP_URL: /,
      );
    }
  });
});

describe('mail', () => {
  const settings = {
    mailFrom: null,
    mailTo: ['it@acme.example'],
    webhookUrl: null,
    webhookSecret: null,
    days: [],
  };

  it('is encrypted except on this computer, verifies certificates, and has timeouts', () => {
    const create = vi.spyOn(nodemailer, 'createTransport');
    onTestFinished(() => void vi.restoreAllMocks());
    for (const smtpUrl of [
      'smtp://mail.example',
      'smtps://mail.example',
      'smtp://127.0.0.1:25',
      'smtp://localhost.evil.example',
    ]) {
      mailChannel({ ...settings, smtpUrl })?.close();
    }
    const [starttls, tls, here, lookalike] = create.mock.calls.map(
      ([options]) => options as Record<string, unknown>,
    );
    expect(starttls).toMatchObject({ requireTLS: true, tls: { rejectUnauthorized: true } });
    expect(tls).toMatchObject({ secure: true, tls: { rejectUnauthorized: true } });
    expect(here).toMatchObject({ requireTLS: false });
    expect(lookalike).toMatchObject({ requireTLS: true, tls: { rejectUnauthorized: true } });
    for (const options of [starttls, tls, here, lookalike]) {
      expect(options).toMatchObject({
        connectionTimeout: expect.any(Number),
        greetingTimeout: expect.any(Number),
        socketTimeout: expect.any(Number),
      });
      const { connectionTimeout, greetingTimeout, socketTimeout } = options as Record<string, number>;
      for (const limit of [connectionTimeout, greetingTimeout]) expect(limit).toBeLessThanOrEqual(60_000);
      // The time that a server may take to accept a message (RFC 5321 §4.5.3.2.6).
      expect(socketTimeout).toBe(600_000);
    }
  });

  it('sends no password before the connection is encrypted', async () => {
    const heard: string[] = [];
    const server = createTcpServer((socket) => {
      socket.write('220 mail.example\r\n');
      socket.setEncoding('latin1').on('data', (text: string) => {
        heard.push(text);
        // The server does not offer STARTTLS.
        if (/^EHLO/i.test(text)) socket.write('250-mail.example\r\n250 AUTH PLAIN LOGIN\r\n');
        else socket.write('502 no\r\n');
      });
      socket.on('error', () => {});
    }).listen(0, '0.0.0.0');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const channel = mailChannel({ ...settings, smtpUrl: `smtp://user:fake-password@0.0.0.0:${port}` });
    await expect(channel?.deliver(sampleMessage())).rejects.toThrow();
    channel?.close();
    expect(heard.join('')).not.toMatch(/AUTH|MAIL FROM|fake-password/);
    expect(heard.join('')).not.toContain(Buffer.from('\0user\0fake-password').toString('base64'));
  });
});

describe('the source code', () => {
  it('sends requests in no other place', () => {
    const source = join(import.meta.dirname, '../../src');
    const callingFiles = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/^(simulator|demo|browser)\//.test(name))
      .filter((name) =>
        /(?<!#)\bfetch\(|createTransport|\bhttps?\.(get|request)\(|from 'node:(http2|dgram|dns)'|\brequest\(\{|\.dispatch\(/.test(
          readFileSync(join(source, name), 'utf8'),
        ),
      )
      .sort();
    expect(callingFiles).toEqual([
      'http/create-fetch.ts',
      'http/json-client.ts',
      'http/raw-requests.ts',
      'instance/instance-file.ts',
      'provisioning/entra/auth/sign-in.ts',
      'provisioning/okta/client.ts',
      'provisioning/okta/sign-in.ts',
      'provisioning/requests/recording-fetch.ts',
      'relay/upstream/exchange.ts',
      'reminders/channels/mail.ts',
      'reminders/channels/webhook.ts',
      'server/diagnostics/network.ts',
    ]);
  });

  it('uses for every request the one fetch that supports proxies and certificate authorities', () => {
    const source = join(import.meta.dirname, '../../src');
    const others = readdirSync(source, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !/^(simulator|browser|http)\//.test(name))
      .filter((name) =>
        /(?<!typeof )globalThis\.fetch|(?<!import type [^\n]*)from 'undici'|\bhttps?Request\(/.test(
          readFileSync(join(source, name), 'utf8'),
        ),
      );
    expect(others).toEqual([]);
  });
});

async function listening(handler: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handler as never).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The variables in `.env.example`, which lists all of them. */
function readEnvironment(): Record<string, string> {
  const text = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/^#?\s*([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]),
  );
}
