import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConnectFailure, type Hop } from '../../src/http/connect/connect-failure.ts';
import { createFetch } from '../../src/http/create-fetch.ts';
import { explainNetworkError } from '../../src/http/explain-network-error.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { fakeProxy, listening, rudeServer } from '../support/http/fake-proxy.ts';
import { hasIPv6 } from '../support/http/ipv6.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const host = 'webexapis.test';
const url = `https://${host}/v1/people/me`;

/** The result of a call through this proxy. Limits in milliseconds. */
async function failureOf(
  environment: NodeJS.Dict<string>,
  limits = { connect: stepHangsMs, call: stepHangsMs },
) {
  const fetch = createFetch(environment, limits.connect);
  const error: unknown = await fetch(url, { signal: AbortSignal.timeout(limits.call) }).then(
    () => null,
    (failure: unknown) => failure,
  );
  let cause = error;
  while (cause instanceof Error && !(cause instanceof ConnectFailure)) cause = cause.cause;
  return {
    ...explainNetworkError(error, host),
    hop: cause instanceof ConnectFailure ? cause.hop : null,
  };
}

describe('a failing proxy', () => {
  /** Passes only when a proxy lets it. */
  const connectTimeoutMs = 12_345;
  let timeout = new AbortController();
  const pass = () => timeout.abort(new DOMException('The operation timed out.', 'TimeoutError'));
  it.each<[string, Hop, RegExp, () => Promise<string>]>([
    ['requires authentication', 'proxy-authentication', /user name and password.*\(407\)/, answering(407)],
    [
      'refuses the host',
      'proxy-tunnel',
      /does not allow the connection to webexapis\.test:443 \(403\)/,
      answering(403),
    ],
    ['cannot reach the host', 'proxy-tunnel', /could not reach webexapis\.test \(502\)/, answering(502)],
    ['times out', 'proxy-tunnel', /could not reach webexapis\.test \(504\)/, answering(504)],
    [
      'offers only NTLM',
      'proxy-authentication',
      /Negotiate or NTLM authentication \(407\)/,
      answering(407, 'Proxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n'),
    ],
    ['closes the connection', 'proxy-tunnel', /closed the connection/, rude((socket) => socket.destroy())],
    ['is not an HTTP server', 'proxy-tunnel', /not HTTP/, rude((socket) => socket.end('SSH-2.0-x\r\n'))],
    ['is silent', 'proxy-tunnel', /did not respond in time/, rude(pass)],
    [
      'hangs up after CONNECT',
      'proxy-tunnel',
      /closed the connection to webexapis\.test before it was encrypted/,
      rude((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')),
    ],
    [
      'is silent after CONNECT',
      'proxy-tunnel',
      /no data arrived in time/,
      rude((socket) => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        // The first message of the encrypted connection.
        socket.once('data', pass);
      }),
    ],
    ['is not there', 'proxy-connection', /cannot be reached/, async () => `127.0.0.1:${await freePort()}`],
    [
      'has a name that does not exist',
      'proxy-name',
      /name of the proxy, proxy\.invalid/,
      async () => 'proxy.invalid:8080',
    ],
  ])('is named with the hop and without its password if it %s', async (_, hop, message, start) => {
    const after = AbortSignal.timeout.bind(AbortSignal);
    vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) =>
      ms === connectTimeoutMs ? timeout.signal : after(ms),
    );
    const proxy = await start();
    for (const [given, variable] of [
      [`http://ada:fake-password@${proxy}`, 'HTTPS_PROXY'],
      [proxy, 'https_proxy'],
    ] as const) {
      timeout = new AbortController();
      const limits = { connect: connectTimeoutMs, call: stepHangsMs };
      const failure = await failureOf({ [variable]: given }, limits);
      expect(failure).toMatchObject({ hop, reason: 'proxy' });
      expect(failure.message).toMatch(message);
      expect(failure.message).toContain(proxy.replace(/:8080$/, ''));
      expect(`${failure.message}${failure.help}`).not.toMatch(/fake-password|ada|Webex\b|AZURE/);
      expect(failure.help).toContain(variable);
    }
  });

  it('is reported with a wrong password if one was sent', async () => {
    const proxy = await fakeProxy({ status: 407 });
    const failure = await failureOf({ HTTPS_PROXY: `http://ada:50%off%40@127.0.0.1:${proxy.port}` });
    expect(failure.message).toMatch(/does not accept the user name and password in HTTPS_PROXY \(407\)/);
    expect(Buffer.from(proxy.authorization?.split(' ')[1] ?? '', 'base64').toString()).toBe('ada:50%off@');
  });

  it('is asked once if it closes the connection', async () => {
    const proxy = await rudeServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'));
    await failureOf({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(proxy.connections()).toBe(1);
  });

  it('is named if the call times out first', async () => {
    const { port } = await rudeServer(() => {});
    const failure = await failureOf(
      { HTTPS_PROXY: `127.0.0.1:${port}` },
      { connect: stepHangsMs, call: 200 },
    );
    expect(failure.help).not.toContain('set HTTPS_PROXY');
    expect(failure).toMatchObject({
      reason: 'timeout',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  it.each([
    ['socks5://ada:fake-password@proxy.corp:1080', /proxy\.corp:1080 with socks5/],
    [
      'http://ada:fake#password@proxy.corp:8080',
      /^The variable HTTPS_PROXY does not contain a valid proxy address\.$/,
    ],
    ['http://proxy.corp:8080/path', /a valid proxy address: http:\/\/proxy\.corp:8080\/path/],
    ['http://', /a valid proxy address/],
    ['proxy.corp:99999', /proxy\.corp:99999/],
  ])('is refused if its address is invalid: %s', async (value, message) => {
    const failure = await failureOf({ HTTPS_PROXY: value });
    expect(failure).toMatchObject({ hop: 'proxy-address', reason: 'proxy' });
    expect(failure.message).toMatch(message);
    expect(`${failure.message}${failure.help}`).not.toMatch(/fake.password/);
  });

  function answering(status: number, headers = '') {
    return async () => `127.0.0.1:${(await fakeProxy({ status, headers })).port}`;
  }
  function rude(behave: Parameters<typeof rudeServer>[0]) {
    return async () => `127.0.0.1:${(await rudeServer(behave)).port}`;
  }
});

describe('a request to this machine', () => {
  it.each([{}, { NO_PROXY: 'example.com' }, { no_proxy: 'localhost' }])(
    'uses no proxy with %o',
    async (noProxy) => {
      const port = await listening(createHttpServer((_, response) => response.end('here')));
      const proxy = await fakeProxy({ status: 500 });
      const fetch = createFetch({
        HTTP_PROXY: `http://127.0.0.1:${proxy.port}`,
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        ALL_PROXY: `http://127.0.0.1:${proxy.port}`,
        NODE_USE_ENV_PROXY: '1',
        ...noProxy,
      });
      for (const name of ['127.0.0.1', 'localhost']) {
        expect(await (await fetch(`http://${name}:${port}/`)).text()).toBe('here');
      }
      expect(proxy.connections).toBe(0);
    },
  );

  it.skipIf(!hasIPv6)('uses no proxy for its IPv6 address (skipped without IPv6)', async () => {
    const server = createHttpServer((_, response) => response.end('here')).listen(0, '::1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const proxy = await fakeProxy({ status: 500 });
    const fetch = createFetch({ HTTP_PROXY: `127.0.0.1:${proxy.port}` });
    const { port } = server.address() as AddressInfo;
    expect(await (await fetch(`http://[::1]:${port}/`)).text()).toBe('here');
    expect(proxy.connections).toBe(0);
  });

  it('uses the proxy for another IPv6 address', async () => {
    const proxy = await fakeProxy({ status: 403 });
    const fetch = createFetch({ HTTPS_PROXY: `127.0.0.1:${proxy.port}` });
    await expect(fetch('https://[2001:db8::1]:8443/')).rejects.toThrow();
    expect(proxy.asked).toEqual(['[2001:db8::1]:8443']);
  });
});

describe.skipIf(!canMakeCertificates)('a service behind a proxy (skipped without openssl)', () => {
  /** A service with a certificate of a private CA, and its files. */
  async function service() {
    const files = makeCertificate(temporaryFolder(), 'Acme Inspecting CA', `DNS:${host},IP:127.0.0.1`);
    const pem = { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
    return {
      ...files,
      pem,
      port: await listening(createServer(pem, (_, response) => response.end('there'))),
    };
  }

  it.each(['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])(
    'is reached through the proxy in %s',
    async (variable) => {
      const there = await service();
      const proxy = await fakeProxy({ leadsTo: there.port });
      const fetch = createFetch({
        [variable]: `http://ada:fake-password@127.0.0.1:${proxy.port}`,
        NODE_EXTRA_CA_CERTS: there.certificate,
      });
      expect(await (await fetch(url)).text()).toBe('there');
      expect(proxy.asked).toContain(`${host}:443`);
      expect(proxy.authorization).toBe(`Basic ${Buffer.from('ada:fake-password').toString('base64')}`);
    },
  );

  it('is reached through a proxy with TLS', async () => {
    const there = await service();
    const inner = await fakeProxy({ leadsTo: there.port });
    const { connect } = await import('node:net');
    const { createServer: createTlsServer } = await import('node:tls');
    const outer = await listening(
      createTlsServer(there.pem, (socket) => {
        const plain = connect(inner.port, '127.0.0.1');
        socket.on('error', () => plain.destroy());
        plain.on('error', () => socket.destroy());
        socket.pipe(plain).pipe(socket);
      }),
    );
    const environment = { HTTPS_PROXY: `https://127.0.0.1:${outer}` };
    expect(await failureOf(environment)).toMatchObject({
      hop: 'proxy-tls',
      message: expect.stringContaining(`127.0.0.1:${outer}`),
    });
    const fetch = createFetch({ ...environment, NODE_EXTRA_CA_CERTS: there.certificate });
    expect(await (await fetch(url)).text()).toBe('there');
  });

  it('is reported with the certificate authority of an inspecting proxy, and what to set', async () => {
    const there = await service();
    const proxy = await fakeProxy({ leadsTo: there.port });
    const failure = await failureOf({ HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` });
    expect(failure).toMatchObject({ hop: 'tls', reason: 'tls' });
    expect(failure.message).toMatch(
      new RegExp(`through the proxy 127\\.0\\.0\\.1:${proxy.port}.*Acme Inspecting CA`),
    );
    expect(failure.help).toMatch(/company.*NODE_EXTRA_CA_CERTS/);
  });

  it('is not trusted with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const there = await service();
    const proxy = await fakeProxy({ leadsTo: there.port });
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await failureOf({ HTTPS_PROXY: `127.0.0.1:${proxy.port}` })).toMatchObject({ hop: 'tls' });
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    }
  });

  it('is trusted with a certificate authority from SSL_CERT_FILE, from a folder, and in DER', async () => {
    const there = await service();
    const proxy = await fakeProxy({ leadsTo: there.port });
    const { X509Certificate } = await import('node:crypto');
    const certificates = temporaryFolder();
    const der = join(temporaryFolder(), 'company.cer');
    const pem = readFileSync(there.certificate);
    writeFileSync(join(certificates, 'company.pem'), pem);
    writeFileSync(join(certificates, 'README'), 'No certificate');
    writeFileSync(der, new X509Certificate(pem).raw);
    for (const where of [
      { SSL_CERT_FILE: there.certificate },
      { SSL_CERT_DIR: certificates },
      { NODE_EXTRA_CA_CERTS: der },
    ]) {
      const fetch = createFetch({ HTTPS_PROXY: `127.0.0.1:${proxy.port}`, ...where });
      expect(await (await fetch(url)).text()).toBe('there');
    }
  });

  it('is reported with the file that contains no certificate', async () => {
    const there = await service();
    const proxy = await fakeProxy({ leadsTo: there.port });
    const failure = await failureOf({
      HTTPS_PROXY: `127.0.0.1:${proxy.port}`,
      NODE_EXTRA_CA_CERTS: there.key,
    });
    expect(failure.message).toContain(`the file ${there.key} (NODE_EXTRA_CA_CERTS)`);
  });
});
