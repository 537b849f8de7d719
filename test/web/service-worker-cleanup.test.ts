import pino from 'pino';
import supertest from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import { expect, test } from 'vitest';
import { createAccessLink } from '../../src/vault/sign-in/access-links.ts';
import { createSignInLink } from '../../src/vault/sign-in/start-sign-in.ts';
import { createWebApp } from '../../src/web/app.ts';
import { ClearDataPermits } from '../../src/web/service-worker-cleanup/clear-permits.ts';
import { createCleanupApp } from '../../src/web/service-worker-cleanup/server-app.ts';
import { newVault, type TestVault, today } from '../support/vault/test-vault.ts';
import { host, origin } from '../support/web/web-client.ts';

const sideOrigin = 'http://localhost:49152';
const fromSide = { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' };

interface Doors {
  vault: TestVault;
  main: TestAgent;
  side: TestAgent;
  logged(): string;
  /** A path that lets in at either. */
  entry(): Promise<string>;
  /** Consents at the side door; the path of the permission at the web app. */
  permission(): Promise<string>;
}

async function doors(): Promise<Doors> {
  const vault = await newVault();
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) });
  const cleanupServer = { origin: sideOrigin, permits: new ClearDataPermits(vault.now) };
  const { app } = createWebApp({ vault, log, cleanupServer });
  const side = supertest
    .agent(createCleanupApp({ vault, log, ...cleanupServer }))
    .set('Host', 'localhost:49152');
  const entry = async () => `/access/${await createAccessLink(vault)}`;
  return {
    vault,
    main: supertest.agent(app).set('Host', host),
    side,
    logged: () => lines.join(''),
    entry,
    async permission() {
      const { text } = await side.post(`${await entry()}/remove`).expect(200);
      const url = new URL(/data-clear="([^"]+)"/.exec(text)?.[1] ?? '');
      expect(url.origin).toBe(origin);
      return url.pathname;
    },
  };
}

test('who has a link that waits is let in, as often as they like, and uses nothing up', async () => {
  const { vault, main, side, entry } = await doors();
  const { link } = await createSignInLink(vault, { profile: 'acme' });
  for (const path of [await entry(), `/sign-in/${link}`]) {
    for (let times = 1; times <= 2; times += 1) {
      const { text } = await side.get(path).expect(200);
      expect(text).toContain(`data-app-origin="${origin}" data-link="${path}"`);
      expect(text).not.toContain('data-clear');
    }
    await main.get(path).expect(303);
    // It says there what became of the link, and this page says nothing.
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

test('a permission has the browser forget, once, for the side door’s page alone', async () => {
  const { main, permission, logged } = await doors();
  const path = await permission();
  const ask = (requester: string) => main.post(path).set({ ...fromSide, Origin: requester });
  for (const other of [origin, 'http://localhost:49153', 'null', '']) {
    const { headers } = await ask(other).expect(403);
    expect(headers).not.toHaveProperty('clear-site-data');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
  const { headers } = await ask(sideOrigin).expect(204);
  expect(headers).toMatchObject({
    'clear-site-data': '"storage"',
    'access-control-allow-origin': sideOrigin,
    'access-control-allow-credentials': 'true',
  });
  expect((await ask(sideOrigin).expect(403)).headers).not.toHaveProperty('clear-site-data');
  expect(logged()).not.toContain(path.split('/').at(-1));
});

test('a permission ends after a minute, and a guess is none', async () => {
  const { vault, main, permission } = await doors();
  const path = await permission();
  vault.setNow(today + 60_000);
  for (const each of [path, '/clear-site-data/guess']) {
    const { headers } = await main
      .post(each)
      .set({ ...fromSide, Origin: sideOrigin })
      .expect(403);
    expect(headers).not.toHaveProperty('clear-site-data');
  }
  await main.get(await permission()).expect(403);
});

test('every answer of the side door is as well protected as the web app’s', async () => {
  const { side, entry } = await doors();
  const path = await entry();
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

test.each(['localhost:49152', 'LOCALHOST:49152', 'Localhost:49152'])(
  'the cleanup server answers as %s: host names are case-insensitive (RFC 9110, section 4.2.3)',
  async (given) => {
    const { side, entry } = await doors();
    await side
      .get(await entry())
      .set('Host', given)
      .expect(200);
  },
);

test.each([
  'localhost:3000',
  'localhost',
  '127.0.0.1:49152',
  '[::1]:49152',
  'evil.example:49152',
  'localhost.:49152',
  'localhost.evil.example:49152',
])('the cleanup server does not answer as %s', async (given) => {
  const { side, entry } = await doors();
  const { text } = await side
    .get(await entry())
    .set('Host', given)
    .expect(421);
  expect(text).toBe('Another address.\n');
});

test('of the web app, only the page that answers the side door may be framed, and by it alone', async () => {
  const { vault, main, entry } = await doors();
  const { headers, text } = await main.get('/service-worker/fake-nonce').set(fromSide).expect(200);
  expect(headers['content-security-policy']).toContain(`frame-ancestors ${sideOrigin};`);
  expect(headers).not.toHaveProperty('x-frame-options');
  expect(text).toContain(`data-requester="${sideOrigin}"`);
  expect(text).not.toContain('fake-nonce');
  const { link } = await createSignInLink(vault, { profile: 'acme' });
  const page = await main.get(`/sign-in/${link}`).set('Sec-Fetch-Site', 'none').expect(200);
  expect(page.headers['content-security-policy']).toContain(`form-action 'self' ${sideOrigin};`);
  expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(page.headers).toMatchObject({ 'x-frame-options': 'DENY' });
  expect((await main.get(await entry())).headers['content-security-policy']).toContain("form-action 'self';");
});

test('without a side door, a worker is found all the same, and nothing offers to remove it', async () => {
  const vault = await newVault();
  const { app } = createWebApp({ vault, log: pino({ level: 'silent' }) });
  const main = supertest.agent(app).set('Host', host);
  const { link } = await createSignInLink(vault, { profile: 'acme' });
  const { text } = await main.get(`/sign-in/${link}`).set('Sec-Fetch-Site', 'none').expect(200);
  expect(text).toContain('clear the data stored for');
  expect(text).not.toContain('/remove');
  await main.get('/service-worker/x').expect(403);
  await main.post('/clear-site-data/x').set('Origin', sideOrigin).expect(403);
});
