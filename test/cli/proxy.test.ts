import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { freePort, machine } from '../support/cli/cli-process.ts';
import { printedLink } from '../support/cli/follow-link.ts';
import { storeTokenOn } from '../support/cli/store-token.ts';
import { fakeProxy, listening, rudeServer } from '../support/http/fake-proxy.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';

/** Names that exist nowhere: only a proxy leads to them. */
const webex = {
  WEBEX_TOKEN_API_URL: 'https://webexapis.test/v1',
  WEBEX_TOKEN_SCIM_URL: 'https://webexapis.test/v1/scim',
  WEBEX_TOKEN_API_F_URL: 'https://webexapis.test/v1',
};

const hasTinyproxy = (() => {
  try {
    execFileSync('tinyproxy', ['-v'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

interface Finding {
  title: string;
  ok: boolean | null;
  message: string;
  help?: string;
}

/** The simulated Webex behind TLS, under made-up names, with a certificate of a private CA. */
async function webexBehindTls(simulator: Simulator) {
  const files = makeCertificate(temporaryFolder(), 'Acme Inspecting CA', 'DNS:webexapis.test');
  const { port: upstream, hostname } = new URL(simulator.endpoints.commercial.api);
  const pem = { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
  const port = await listening(
    createServer(pem, (incoming, outgoing) => {
      const { method, url, headers } = incoming;
      incoming.pipe(
        request({ host: hostname, port: upstream, method, path: url, headers }, (response) => {
          outgoing.writeHead(response.statusCode ?? 500, response.headers);
          response.pipe(outgoing);
        }),
      );
    }),
  );
  return { port, authority: files.certificate };
}

/** A real tinyproxy, which forwards requests for unknown names to another proxy. */
async function tinyproxy(next: number, settings: string): Promise<number> {
  const folder = temporaryFolder();
  const port = await freePort();
  const file = join(folder, 'tinyproxy.conf');
  writeFileSync(
    file,
    `Port ${port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nUpstream http 127.0.0.1:${next}\n${settings}\n`,
  );
  const child = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return port;
    if (child.exitCode !== null) throw new Error('tinyproxy ended');
    await sleep(20);
  }
}

/** What `doctor` finds, by title. */
function findings(stdout: string): Map<string, Finding> {
  const { findings: all } = JSON.parse(stdout) as { findings: Finding[] };
  return new Map(all.map((finding) => [finding.title, finding]));
}

describe.skipIf(!canMakeCertificates)('a proxy (skipped without openssl)', () => {
  it.skipIf(!hasTinyproxy)(
    'passes requests to Webex, as tinyproxy with a password and a company CA (skipped without tinyproxy)',
    async () => {
      const simulator = await simulated();
      const { accessToken } = simulator.issueToken('full-admin');
      const behind = await webexBehindTls(simulator);
      const next = await fakeProxy({ leadsTo: behind.port });
      const port = await tinyproxy(next.port, 'BasicAuth ada fake-password');
      const here = await machine(simulator, {
        ...webex,
        HTTPS_PROXY: `http://ada:fake-password@127.0.0.1:${port}`,
        NODE_EXTRA_CA_CERTS: behind.authority,
      });
      expect(await here.run(['import', 'acme'], accessToken)).toMatchObject({ code: 0 });
      expect(await here.run(['test', 'acme'])).toMatchObject({ code: 0 });
      expect(new Set(next.asked)).toEqual(new Set(['webexapis.test:443']));
      const doctor = await here.run(['doctor', '--json']);
      expect(findings(doctor.stdout).get('Proxy')).toMatchObject({
        ok: true,
        message: `127.0.0.1:${port}, from HTTPS_PROXY: resolved, connected, authenticated`,
      });
      expect(findings(doctor.stdout).get('Webex')?.message).toContain(`through the proxy 127.0.0.1:${port}`);
      expect(doctor.stdout).not.toMatch(/fake-password|ada:/);

      here.environment.HTTPS_PROXY = `http://ada:fake-wrong@127.0.0.1:${port}`;
      const refused = await here.run(['test', 'acme']);
      expect(refused.code).toBe(5);
      // Depending on its version, tinyproxy responds to a wrong password with 401 or 407.
      expect(refused.stdout).toMatch(new RegExp(`The proxy 127\\.0\\.0\\.1:${port}.*\\(40[17]\\)`));
      expect(`${refused.stdout}${refused.stderr}`).not.toMatch(/fake-wrong|fake-password/);

      here.environment.HTTPS_PROXY = `127.0.0.1:${port}`;
      const asked = await here.run(['doctor', '--json']);
      expect(asked.code).toBe(1);
      expect(findings(asked.stdout).get('Proxy')).toMatchObject({
        ok: false,
        message: `The proxy 127.0.0.1:${port} requires a user name and password (407).`,
        help: expect.stringContaining('HTTPS_PROXY=http://user:password@'),
      });
    },
  );

  it('is checked by doctor, which names a missing CA and an invalid file', async () => {
    const behind = await webexBehindTls(await simulated());
    const proxy = await fakeProxy({ leadsTo: behind.port });
    const here = await machine(undefined, { ...webex, HTTPS_PROXY: `127.0.0.1:${proxy.port}` });
    const missing = await here.run(['doctor', '--json']);
    expect(missing.code).toBe(1);
    expect(findings(missing.stdout).get('Proxy')).toMatchObject({ ok: true });
    expect(findings(missing.stdout).get('Webex')).toMatchObject({
      ok: false,
      message: expect.stringContaining('Acme Inspecting CA'),
      help: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    here.environment.SSL_CERT_FILE = join(here.home, 'missing.pem');
    const wrong = await here.run(['doctor', '--json']);
    expect(findings(wrong.stdout).get('Certificate authorities')).toMatchObject({
      ok: false,
      message: expect.stringContaining('SSL_CERT_FILE'),
    });
  });

  it('can be set in .env', async () => {
    const { createFetch } = await import('../../src/http/create-fetch.ts');
    const { environmentWithDotEnv } = await import('../../src/environment/environment.ts');
    const behind = await webexBehindTls(await simulated());
    const proxy = await fakeProxy({ leadsTo: behind.port });
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, '.env'),
      `HTTPS_PROXY=http://127.0.0.1:${proxy.port}\nNODE_EXTRA_CA_CERTS=${behind.authority}\n`,
    );
    const response = await createFetch(environmentWithDotEnv({}, folder))(
      'https://webexapis.test/v1/people/me',
    );
    expect(response.status).toBe(401);
  });
});

describe('a proxy that fails', () => {
  it.each([
    [
      'answers 407',
      async () => (await fakeProxy({ status: 407 })).port,
      /does not accept the user name and password in HTTPS_PROXY \(407\)/,
    ],
    [
      'hangs up after CONNECT',
      async () => (await rudeServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n'))).port,
      /closed the connection/,
    ],
  ])('ends test and doctor, and is named: a proxy that %s', async (_, start, message) => {
    const simulator = await simulated();
    const { accessToken } = simulator.issueToken('full-admin');
    const port = await start();
    const here = await machine(simulator, {
      ...webex,
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://ada:fake-password@127.0.0.1:${port}`,
    });
    await here.run(['import', 'acme'], accessToken);
    // Both wait between their attempts: at the same time.
    const ends = await Promise.all([here.run(['test', 'acme']), here.run(['doctor'])]);
    for (const { code, stdout, stderr } of ends) {
      expect(code).not.toBe(0);
      expect(stdout).toMatch(message);
      expect(stdout).toContain(`The proxy 127.0.0.1:${port}`);
      expect(`${stdout}${stderr}`).not.toMatch(/fake-password|Webex has a problem|AZURE_|name 127/);
    }
  });

  it.each([
    [
      'entra',
      {
        AZURE_TENANT_ID: 'acme.example',
        AZURE_CLIENT_ID: 'fake',
        AZURE_CLIENT_SECRET: 'fake',
        WEBEX_TOKEN_ENTRA_LOGIN_URL: 'https://login.test',
      },
    ],
    ['okta', { OKTA_CLIENT_ORGURL: 'https://okta.test', OKTA_CLIENT_TOKEN: 'fake' }],
  ])('is named by push %s, which blames no other setting', async (provider, settings) => {
    const simulator = await simulated();
    const proxy = await fakeProxy({ status: 407 });
    const here = await machine(simulator, { ...settings, HTTPS_PROXY: `127.0.0.1:${proxy.port}` });
    await storeTokenOn(here, simulator.issueToken('full-admin').accessToken);
    const { code, stderr } = await here.run([
      'push',
      provider,
      'acme',
      '--app',
      '00000000-0000-4000-8000-000000000000',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(`The proxy 127.0.0.1:${proxy.port} requires a user name and password (407).`);
    expect(stderr).not.toMatch(/AZURE_|OKTA_CLIENT|Webex says/);
    expect(proxy.asked.length).toBe(1);
  });

  it('is not used for this machine’s own server, even with Node’s own variable', async () => {
    const proxy = await fakeProxy({ status: 500 });
    const address = `http://127.0.0.1:${proxy.port}`;
    const here = await machine(await simulated(), {
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: address,
      HTTPS_PROXY: address,
      http_proxy: address,
    });
    const serve = here.start(['serve', '--no-open']);
    await printedLink(serve);
    const doctor = await here.run(['doctor', '--json']);
    expect(findings(doctor.stdout).get(`Port ${here.port}`)?.message).toContain(`process ${serve.pid}`);
    expect(await here.run(['open', '--no-open'])).toMatchObject({ code: 0 });
    expect(proxy.connections).toBe(0);
  });
});
