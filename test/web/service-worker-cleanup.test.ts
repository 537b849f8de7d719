import pino from 'pino';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import { describe, expect, it } from 'vitest';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { createWebApp } from '../../src/web/app.ts';
import { ClearDataPermits } from '../../src/web/service-worker-cleanup/clear-permits.ts';
import { createCleanupApp } from '../../src/web/service-worker-cleanup/server-app.ts';
import { newVault, type TestVault, today } from '../support/vault/test-vault.ts';
import { host, origin } from '../support/web/web-client.ts';

const cleanupOrigin = 'http://localhost:49152';
const fromCleanup = { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' };

interface Servers {
  vault: TestVault;
  main: TestAgent;
  side: TestAgent;
  logged(): string;
  /** The path of a new access link, for both servers. */
  accessPath(): Promise<string>;
  /** Consents on the cleanup page, and returns the path of the permit in the web app. */
  permitPath(): Promise<string>;
}

async function servers(): Promise<Servers> {
  const vault = await newVault();
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const cleanupServer = { origin: cleanupOrigin, permits: new ClearDataPermits(vault.now) };
  const { app } = createWebApp({ vault, log, cleanupServer });
  const side = supertest
    .agent(createCleanupApp({ vault, log, ...cleanupServer }))
    .set('Host', 'localhost:49152');
  const accessPath = async () => `/access/${await createAccessLink(vault)}`;
  return {
    vault,
    main: supertest.agent(app).set('Host', host),
    side,
    logged: () => lines.join(''),
    accessPath,
    async permitPath() {
      const { text } = await side.post(`${await accessPath()}/remove`).expect(200);
      const url = new URL(/data-clear="([^"]+)"/.exec(text)?.[1] ?? '');
      expect(url.origin).toBe(origin);
      return url.pathname;
    },
  };
}

describe('the cleanup of service workers', () => {
  it('opens its page for every unused link, without using it up', async () => {
    const { vault, main, side, accessPath } = await servers();
    const { link } = await createSignInLink(vault, { profile: 'acme' });
    for (const path of [await accessPath(), `/sign-in/${link}`]) {
      for (let times = 1; times <= 2; times += 1) {
        const { text } = await side.get(path).expect(200);
        expect(text).toContain(`data-app-origin="${origin}" data-link="${path}"`);
        expect(text).not.toContain('data-clear');
      }
      await main.get(path).expect(303);
      // The web app explains what happened to the link; the cleanup page does not.
      await side.get(path).expect(303).expect('Location', `${origin}${path}`);
      await side.post(`${path}/remove`).expect(303).expect('Location', `${origin}${path}`);
    }
    for (const path of ['/access/guess', '/sign-in/guess']) await side.get(path).expect(303);
    for (const path of [
      '/',
      '/auth/code',
      '/healthz',
      '/clear-site-data/x',
      '/service-worker/x',
      '/access/',
      '/oauth/token',
    ]) {
      await side.get(path).expect(404);
    }
  });

  it('deletes the data of the browser once with a permit, only on the cleanup page', async () => {
    const { main, permitPath, logged } = await servers();
    const path = await permitPath();
    const ask = (requester: string) => main.post(path).set({ ...fromCleanup, Origin: requester });
    for (const other of [origin, 'http://localhost:49153', 'null', '']) {
      const { headers } = await ask(other).expect(403);
      expect(headers).not.toHaveProperty('clear-site-data');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
    const { headers } = await ask(cleanupOrigin).expect(204);
    expect(headers).toMatchObject({
      'clear-site-data': '"storage"',
      'access-control-allow-origin': cleanupOrigin,
      'access-control-allow-credentials': 'true',
    });
    expect((await ask(cleanupOrigin).expect(403)).headers).not.toHaveProperty('clear-site-data');
    expect(logged()).not.toContain(path.split('/').at(-1));
  });

  it('rejects a permit after a minute, and a guess', async () => {
    const { vault, main, permitPath } = await servers();
    const path = await permitPath();
    vault.setNow(today + 60_000);
    for (const each of [path, '/clear-site-data/guess']) {
      const { headers } = await main
        .post(each)
        .set({ ...fromCleanup, Origin: cleanupOrigin })
        .expect(403);
      expect(headers).not.toHaveProperty('clear-site-data');
    }
    await main.get(await permitPath()).expect(403);
  });

  it('sends the security headers of the web app with every response', async () => {
    const { side, accessPath } = await servers();
    const path = await accessPath();
    for (const each of [path, '/access/guess', '/nothing', '/assets/style.css']) {
      const { headers } = await side.get(each);
      expect(headers['content-security-policy']?.split(';').sort()).toEqual(
        [
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "img-src 'self'",
          `connect-src ${origin}`,
          `frame-src ${origin}`,
          "form-action 'self'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
          "require-trusted-types-for 'script'",
          "trusted-types 'none'",
        ].sort(),
      );
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
      expect(headers).not.toHaveProperty('set-cookie');
    }
    const { headers } = await side.get(path);
    expect(headers).toMatchObject({ 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' });
    await side.get(path).set('Sec-Purpose', 'prefetch').expect(403);
  });

  it.each(['localhost:49152', 'LOCALHOST:49152', 'Localhost:49152'])(
    'responds as the host %s: host names are case-insensitive (RFC 9110, section 4.2.3)',
    async (given) => {
      const { side, accessPath } = await servers();
      await side
        .get(await accessPath())
        .set('Host', given)
        .expect(200);
    },
  );

  it.each([
    'localhost:3000',
    'localhost',
    '127.0.0.1:49152',
    '[::1]:49152',
    'evil.example:49152',
    'localhost.:49152',
    'localhost.evil.example:49152',
  ])('does not respond as the host %s', async (given) => {
    const { side, accessPath } = await servers();
    const { text } = await side
      .get(await accessPath())
      .set('Host', given)
      .expect(421);
    expect(text).toBe('Another address.\n');
  });

  it('can frame only the probe page of the web app, and nothing else can', async () => {
    const { vault, main, accessPath } = await servers();
    const { headers, text } = await main.get('/service-worker/fake-nonce').set(fromCleanup).expect(200);
    expect(headers['content-security-policy']).toContain(`frame-ancestors ${cleanupOrigin};`);
    expect(headers).not.toHaveProperty('x-frame-options');
    expect(text).toContain(`data-requester="${cleanupOrigin}"`);
    expect(text).not.toContain('fake-nonce');
    const { link } = await createSignInLink(vault, { profile: 'acme' });
    const page = await main.get(`/sign-in/${link}`).set('Sec-Fetch-Site', 'none').expect(200);
    expect(page.headers['content-security-policy']).toContain(`form-action 'self' ${cleanupOrigin};`);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY' });
    expect((await main.get(await accessPath())).headers['content-security-policy']).toContain(
      "form-action 'self';",
    );
  });

  it('finds a worker without its server, but does not offer to remove it', async () => {
    const vault = await newVault();
    const { app } = createWebApp({ vault, log: pino({ level: 'silent' }) });
    const main = supertest.agent(app).set('Host', host);
    const { link } = await createSignInLink(vault, { profile: 'acme' });
    const { text } = await main.get(`/sign-in/${link}`).set('Sec-Fetch-Site', 'none').expect(200);
    expect(text).toContain('clear the data stored for');
    expect(text).not.toContain('/remove');
    await main.get('/service-worker/x').expect(403);
    await main.post('/clear-site-data/x').set('Origin', cleanupOrigin).expect(403);
  });
});
