import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import express from 'express';
import { afterAll, describe, expect, it } from 'vitest';
import { createApi } from '../../src/api/app.ts';
import { createWebApp } from '../../src/web/app.ts';
import { startTarget, worth } from '../support/attacks/attack-target.ts';
import { type AppRoute, concrete, routesOf } from '../support/attacks/every-route.ts';
import { type RawResponse, sendRaw } from '../support/attacks/raw-http.ts';
import { quietLog } from '../support/quiet-log.ts';

const target = startTarget();

/** Every path of the server, with parameters that exist and parameters that do not. */
function everyPath(): { web: AppRoute[]; api: AppRoute[] } {
  const { vault } = target;
  const log = quietLog();
  const probes = { ready: () => Promise.resolve(), metrics: () => Promise.reject(new Error('unused')) };
  const api = createApi({ vault, log, issuer: target.origin, probes });
  return {
    web: routesOf(createWebApp({ vault, log }).app),
    api: [...api.endpoints].map(([path, { method }]) => ({ path, methods: [method] })),
  };
}

const some = '00000000-0000-4000-8000-000000000000';
const guessed = 'x'.repeat(43);

async function known(): Promise<Record<string, string>> {
  const token = await target.vault.db.selectFrom('token').select('id').executeTakeFirstOrThrow();
  const ids = { tokenId: token.id, id: some, secret: guessed, link: guessed };
  return { name: 'acme', client: 'deploy-of-acme', code: 'E_USAGE', ...ids };
}

const unknown = {
  name: 'nobody',
  client: 'nobody',
  code: 'E_UNKNOWN',
  tokenId: some,
  id: some,
  secret: guessed,
  link: guessed,
};

/** One connection for all: for each new one, the server reads the list of all connections of the computer. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

async function ask(method: string, path: string, headers: string[] = []): Promise<RawResponse> {
  const { port } = target;
  const own = headers.some((header) => header.startsWith('Host:')) ? [] : [`Host: localhost:${port}`];
  const length = method === 'GET' || method === 'HEAD' ? [] : ['Content-Length: 0'];
  const sent = [...own, ...headers, ...length].flatMap((header) => {
    const colon = header.indexOf(':');
    return [header.slice(0, colon), header.slice(colon + 2)];
  });
  const asked = request({ agent, host: '127.0.0.1', port, method, path, headers: sent }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await response.toArray()).toString('latin1');
  const got = Object.entries(response.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(', '),
  ]);
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(got),
    body,
    raw: `${response.statusMessage}\r\n${response.rawHeaders.join('\r\n')}\r\n\r\n${body}`,
  };
}

const policy =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';form-action 'self';base-uri 'none';frame-ancestors 'none';require-trusted-types-for 'script';trusted-types 'none'";

/** A form may post to another port of this program. */
function policyOf(headers: Record<string, string>): string | undefined {
  return headers['content-security-policy']?.replace(/(form-action 'self') http:\/\/localhost:\d+;/, '$1;');
}

/** No other page can frame or open it; its type is not guessed, it is not cached, and the referrer is not sent. */
function expectProtected({ headers, status }: RawResponse, path: string, of: 'web' | 'api'): void {
  const asset = path.startsWith('/assets/');
  expect(headers).toMatchObject({
    'cache-control': asset && [200, 304].includes(status) ? 'no-cache' : 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': of === 'api' ? 'no-referrer' : expect.stringMatching(/^(no-referrer|same-origin)$/),
  });
  if (of === 'web') {
    expect(policyOf(headers)).toBe(policy);
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['permissions-policy']).toContain('camera=()');
  } else {
    expect(headers['content-security-policy']).toBe("default-src 'none'; frame-ancestors 'none'");
  }
  if (headers['content-length'] !== '0' && status !== 304) {
    expect(headers['content-type']).toMatch(
      /^(text\/(html|css|csv|javascript|plain|calendar); .*charset=utf-8|text\/plain; version=.*|image\/svg\+xml; charset=utf-8|application\/(problem\+)?json(; charset=utf-8)?)$/,
    );
  }
  for (const name of ['strict-transport-security', 'x-powered-by', 'server', 'access-control-allow-origin']) {
    expect(headers).not.toHaveProperty(name);
  }
  // An asset is the same for everyone. The ETag of a page would reveal whether it has changed.
  if (!asset) expect(headers).not.toHaveProperty('etag');
}

describe('the routes', () => {
  it('are read from the apps', () => {
    const { web, api } = everyPath();
    expect(web.length).toBeGreaterThan(40);
    expect(web.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/', '/auth/code', '/profiles/:name/token', '/assets/style.css', '/audit-log']),
    );
    expect(web.find(({ path }) => path === '/auth/code')?.methods).toEqual(
      expect.arrayContaining(['GET', 'POST']),
    );
    expect(api.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/oauth/token', '/oauth/introspect', '/metrics', '/readyz']),
    );
    const app = express();
    app.get('/new/:thing', () => {});
    app.all('/new/:thing', () => {});
    expect(routesOf(app)).toEqual([{ path: '/new/:thing', methods: ['GET'] }]);
  });
});

describe('the security headers', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])(
    'are in every response to %s, with and without a session',
    async (method) => {
      const { web, api } = everyPath();
      const parameters = await known();
      const cookie = await target.openSession();
      const from = `Origin: ${target.origin}`;
      const statuses = new Set<number>();
      const seen = async (path: string, of: 'web' | 'api', headers: string[]) => {
        const answer = await ask(method, path, headers);
        statuses.add(answer.status);
        expectProtected(answer, path, of);
        // A POST needs a content type; without one it is rejected.
        expect(answer.status === 405 || method === 'GET' || method === 'HEAD' || answer.status >= 400).toBe(
          true,
        );
      };
      for (const { path } of web) {
        // The token API handles these first.
        if (api.some((each) => each.path === path)) continue;
        await seen(concrete(path, parameters), 'web', []);
        await seen(concrete(path, parameters), 'web', [`Cookie: ${cookie}`, from]);
        if (path.includes(':')) await seen(concrete(path, unknown), 'web', [`Cookie: ${cookie}`, from]);
      }
      for (const { path } of api) await seen(path, 'api', []);
      expect(statuses.size).toBeGreaterThan(1);
    },
  );

  it.each<[number, string, string[]]>([
    [400, '/profiles/%', ['entered']],
    [403, '/', []],
    [403, '/', ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']],
    [403, '/', ['Sec-Fetch-Site: cross-site', 'Accept: application/json']],
    [404, '/nothing', ['entered']],
    [404, '/nothing', ['entered', 'Accept: application/json']],
    [404, '/assets/nothing.css', ['entered']],
    [410, `/access/${guessed}`, []],
    [421, '/', ['Host: evil.example']],
    [421, '/', ['Host: 127.0.0.1:3000']],
    [421, '/assets/style.css', ['Host: evil.example']],
    [421, '/oauth/token', ['Host: evil.example']],
    [200, '/assets/style.css', []],
    [200, '/assets/style.css', ['Range: bytes=0-3']],
    [304, '/assets/style.css', ['If-None-Match: *']],
  ])('are in a response with status %i: %s %j', async (status, path, headers) => {
    const cookie = headers.includes('entered') ? [`Cookie: ${await target.openSession()}`] : [];
    const answer = await ask('GET', path, [...headers.filter((each) => each !== 'entered'), ...cookie]);
    expect(answer.status).toBe(status);
    expectProtected(answer, path, 'web');
  });

  it.each<[number, string, string[]]>([
    [403, '/auth/code', []],
    [403, '/sign-in', ['entered', 'Origin: http://localhost:4000']],
    [413, '/auth/code', ['here', 'Content-Type: application/json', 'Content-Length: 99999']],
    [415, '/auth/code', ['here', 'Content-Type: text/plain']],
    [400, '/auth/code', ['here', 'Content-Type: application/json']],
    [405, '/audit-log', ['here', 'entered']],
  ])('are in a response with status %i: POST %s %j', async (status, path, headers) => {
    const cookie = headers.includes('entered') ? [`Cookie: ${await target.openSession()}`] : [];
    const origin = headers.includes('here') ? [`Origin: ${target.origin}`] : [];
    const own = headers.filter((each) => each.includes(':'));
    const length = own.some((each) => each.startsWith('Content-Length')) ? [] : ['Content-Length: 0'];
    const answer = await sendRaw(
      target.port,
      [
        `POST ${path} HTTP/1.1`,
        `Host: localhost:${target.port}`,
        'Connection: close',
        ...own,
        ...cookie,
        ...origin,
        ...length,
        '',
        '',
      ].join('\r\n'),
    );
    expect(answer.status).toBe(status);
    expectProtected(answer, path, 'web');
  });

  it('are in rejections of the token API', async () => {
    for (const [method, path, ...headers] of [
      ['GET', '/oauth/token'],
      ['POST', '/oauth/token'],
      ['POST', '/oauth/token', 'Content-Type: application/x-www-form-urlencoded'],
      [
        'POST',
        '/oauth/introspect',
        'Content-Type: application/x-www-form-urlencoded',
        'Authorization: Basic eDp5',
      ],
      ['POST', '/metrics'],
    ] as [string, string, ...string[]][]) {
      const answer = await ask(method, path, headers);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expectProtected(answer, path, 'api');
      expect(answer.headers.pragma).toBe('no-cache');
    }
  });
});

describe('another user of this computer without a link', () => {
  /** These are public and name no profile, person or place. The metrics do, because that is their purpose. */
  const open =
    /^\/(healthz|readyz|instance|errors\/E_USAGE|assets\/[\w.-]+|auth\/code|\.well-known\/(oauth-authorization-server|openid-configuration))$/;

  it('gets no protected data from any route with any method', async () => {
    const { web, api } = everyPath();
    const parameters = await known();
    for (const { path } of [...web, ...api]) {
      for (const [method, ...headers] of [
        ['GET'],
        ['GET', 'Accept: application/json'],
        ['GET', `Cookie: broker-${target.port}=s%3A${guessed}.${guessed}`],
        ['POST', `Origin: ${target.origin}`, 'Content-Type: application/x-www-form-urlencoded'],
        ['POST', `Origin: ${target.origin}`, 'Content-Type: application/json'],
        ['POST', 'Authorization: Basic eDp5', 'Content-Type: application/x-www-form-urlencoded'],
      ] as [string, ...string[]][]) {
        const at = concrete(path, parameters);
        const { status, raw, headers: got } = await ask(method, at, headers);
        if (path === '/metrics' && method === 'GET') {
          expect(raw).not.toMatch(/Zq7x|deploy-of-acme|@/);
          continue;
        }
        if (status < 400) expect(at).toMatch(open);
        expect(raw.replaceAll(at, '')).not.toMatch(worth);
        expect(raw).not.toContain(target.vault.settings.home);
        expect(got).not.toHaveProperty('set-cookie');
      }
    }
  });

  it('cannot distinguish what exists from what does not', async () => {
    const { web } = everyPath();
    const parameters = await known();
    // The reference of error codes is public and the same for every installation.
    for (const { path } of web.filter(({ path }) => path.includes(':') && path !== '/errors/:code')) {
      const [there, nowhere] = await Promise.all([
        ask('GET', concrete(path, parameters)),
        ask('GET', concrete(path, unknown)),
      ]);
      expect([there.status, there.body]).toEqual([nowhere.status, nowhere.body]);
    }
  });

  it('creates no session and writes nothing', async () => {
    const { db } = target.vault;
    const count = async () => {
      const sessions = await db.selectFrom('web_session').selectAll().execute();
      const signIns = await db.selectFrom('sign_in').selectAll().execute();
      return [sessions.length, signIns.length];
    };
    const before = await count();
    for (const { path } of everyPath().web) await ask('GET', concrete(path, unknown));
    expect(await count()).toEqual(before);
  });
});
