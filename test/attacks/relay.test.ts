import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../src/cli/terminal/log.ts';
import { startApiServer } from '../../src/server/api-server.ts';
import { limitPerNetwork } from '../../src/server/requests/limit-per-network.ts';
import { startWebServer } from '../../src/server/web-server.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { clientOf, profileWithToken } from '../support/api-server.ts';
import { canary } from '../support/attacks/attack-target.ts';
import { type RawResponse, sendRaw } from '../support/attacks/raw-http.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { type Upstream, upstreamServer, vaultBefore } from '../support/relay-server.ts';
import { actor, type TestVault } from '../support/vault/test-vault.ts';

interface Target {
  vault: TestVault;
  upstream: Upstream;
  port: number;
  secret: string;
  /** The lines on standard error. */
  logged: string[];
  send(lines: string[], body?: string): Promise<RawResponse>;
}

/** The server that `kind` starts, with a token of `acme` that would be recognized anywhere. */
async function target(kind: 'serve' | 'serve --api', issuer?: string): Promise<Target> {
  const upstream = await upstreamServer();
  const before = await vaultBefore(upstream);
  const port = await freePort();
  const vault = { ...before, settings: { ...before.settings, port, issuer: issuer ?? null } };
  await profileWithToken(vault, 'acme', { token: canary });
  const secret = await clientOf(vault, 'entra', ['acme'], { relayRights: 'all' });
  const logged: string[] = [];
  const log = createLog('info', { write: (line: string) => void logged.push(line) });
  const server =
    kind === 'serve'
      ? await startWebServer(vault, log)
      : await startApiServer(vault, log, { host: '127.0.0.1', port, tls: null, trustedProxies: [] });
  onTestFinished(() => server.close());
  const send = (lines: string[], body = '') => sendRaw(port, `${lines.join('\r\n')}\r\n\r\n${body}`);
  return { vault, upstream, port, secret, logged, send };
}

const kinds = ['serve', 'serve --api'] as const;

function expectScimError({ headers, body, status }: RawResponse): void {
  expect(headers['content-type']).toBe('application/scim+json');
  expect(JSON.parse(body)).toMatchObject({ status: String(status) });
}

describe.each(kinds)('the relay of "%s"', (kind) => {
  it('forwards a request and sets no cookie', async () => {
    const { send, secret, port, upstream } = await target(kind);
    const answer = await send([
      'GET /scim/acme/Users HTTP/1.1',
      `Host: localhost:${port}`,
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ]);
    expect(answer).toMatchObject({ status: 200, body: '{}' });
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    expect(upstream.arrived).toHaveLength(1);
  });

  it.each([
    ['another server as its target', 'GET http://evil.example/scim/acme/Users HTTP/1.1', [], 400],
    ['a target that begins with two slashes', 'GET //scim/acme/Users HTTP/1.1', [], 404],
    ['two slashes within its target', 'GET /scim/acme//Users HTTP/1.1', [], 404],
    ['a backslash', 'GET /scim/acme/Users\\..\\x HTTP/1.1', [], 404],
    ['a fragment', 'GET /scim/acme/Users#x HTTP/1.1', [], 400],
    ['dots', 'GET /scim/acme/Users/../../globex/Users HTTP/1.1', [], 404],
    ['escaped dots', 'GET /scim/acme/Users/%2e%2e%2fx HTTP/1.1', [], 404],
    ['two hosts', 'GET /scim/acme/Users HTTP/1.1', ['Host: evil.example'], 400],
    ['an unknown method', 'PURGE /scim/acme/Users HTTP/1.1', [], 405],
  ] as const)('forwards nothing with %s', async (_name, line, headers, status) => {
    const { send, secret, port, upstream } = await target(kind);
    const answer = await send([
      line,
      `Host: localhost:${port}`,
      ...headers,
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ]);
    expect(answer.status).toBe(status);
    if (line.includes(' /scim')) expectScimError(answer);
    expect(upstream.arrived).toEqual([]);
  });

  it('forwards its own address as a target to the same path', async () => {
    const { send, secret, port, upstream } = await target(kind);
    const answer = await send([
      `GET http://127.0.0.1:${port}/scim/acme/Users?a=b HTTP/1.1`,
      'Host: evil.example',
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ]);
    expect(answer.status).toBe(200);
    expect(upstream.arrived[0]?.url).toMatch(/\/Users\?a=b$/);
  });

  it('responds the same whether a profile exists or not', async () => {
    const { send, secret, port, vault } = await target(kind);
    await profileWithToken(vault, 'globex');
    const ask = async (profile: string) => {
      const answer = await send([
        `GET /scim/${profile}/Users HTTP/1.1`,
        `Host: localhost:${port}`,
        `Authorization: Bearer ${secret}`,
        'Connection: close',
      ]);
      expect(answer.status).toBe(403);
      return answer.body;
    };
    expect(await ask('globex')).toBe(await ask('nobody'));
  });

  it('reveals the token, the secret, IDs and filters nowhere', async () => {
    const { send, secret, port, upstream, vault, logged } = await target(kind);
    const answers: string[] = [];
    const ask = async (path: string, method = 'GET') =>
      answers.push(
        (
          await send([
            `${method} ${path} HTTP/1.1`,
            `Host: localhost:${port}`,
            `Authorization: Bearer ${secret}`,
            'Connection: close',
          ])
        ).raw,
      );
    const path = '/scim/acme/Users/id-of-a-person?filter=name-of-a-person';
    await ask(path);
    upstream.handle = (request) => request.socket.destroy();
    await ask(path);
    upstream.handle = (request) => request.socket.end(`HTTP/1.1 200 OK\r\n${canary}\r\n\r\n`);
    await ask(path);
    await ask('/scim/acme/Users/id-of-a-person/name-of-a-person');
    upstream.handle = (_request, response) => response.writeHead(401).end();
    await ask(path, 'DELETE');
    await ask(path);
    await removeProfile(vault, 'acme', actor);
    await ask(path);
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual([
      '200',
      '502',
      '502',
      '404',
      '503',
      '503',
      '403',
    ]);
    const metrics = (await send(['GET /metrics HTTP/1.1', `Host: localhost:${port}`, 'Connection: close']))
      .raw;
    const audit = JSON.stringify(await vault.db.selectFrom('audit').selectAll().execute());
    expect(metrics).toContain('webex_token_relay_requests_total{profile="acme",method="GET",status="2xx"} 1');
    expect(metrics).toContain(
      'webex_token_relay_upstream_errors_total{profile="acme",reason="unreachable"} 2',
    );
    expect(audit).toContain('"subject":"DELETE Users"');
    if (kind === 'serve --api') expect(logged.join()).toContain('"path":"/scim/acme/Users/…"');
    for (const text of [metrics, audit, logged.join('\n'), answers.join('\n')]) {
      for (const word of [canary, canary.slice(0, 40), secret, 'id-of-a-person', 'name-of-a-person']) {
        expect(text).not.toContain(word);
      }
    }
  });
});

describe('the log of the relay', () => {
  it('has the request ID of the response', async () => {
    const { send, secret, port, logged, upstream } = await target('serve --api');
    upstream.handle = (request) => request.socket.destroy();
    const { headers } = await send([
      'GET /scim/acme/Users HTTP/1.1',
      `Host: localhost:${port}`,
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ]);
    const id = headers['x-request-id'] ?? '';
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(logged.filter((line) => line.includes(`"requestId":"${id}"`))).toHaveLength(2);
  });
});

describe('a client with too many requests behind a proxy', () => {
  it('gets a SCIM error from the relay, and an OAuth error elsewhere', async () => {
    const busy = limitPerNetwork(
      () => {},
      () => '192.0.2.1',
      0,
    );
    const server = createServer(busy).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = (path: string) =>
      sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const relayed = await ask('/scim/acme/Users');
    expect(relayed).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expectScimError(relayed);
    expect(JSON.parse((await ask('/oauth/token')).body)).toHaveProperty('error');
  });
});

describe('the relay on loopback', () => {
  it.each(['evil.example', 'evil.example:3000', 'localhost.evil.example', ''])(
    'forwards nothing for the host "%s", as after DNS rebinding',
    async (host) => {
      const { send, secret, upstream } = await target('serve');
      const answer = await send([
        'GET /scim/acme/Users HTTP/1.1',
        `Host: ${host}`,
        `Authorization: Bearer ${secret}`,
        'Connection: close',
      ]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(upstream.arrived).toEqual([]);
    },
  );
});

describe('the relay below a path', () => {
  it('responds with and without the path of the issuer, and returns its addresses', async () => {
    const { send, secret, upstream, vault } = await target('serve --api', 'https://example.com/tokens');
    const { scim } = vault.settings.webex.commercial;
    const { org_id } = await vault.db.selectFrom('profile').select('org_id').executeTakeFirstOrThrow();
    upstream.handle = (_request, response) => {
      response
        .writeHead(201, { 'Content-Type': 'application/json' })
        .end(`{"meta":{"location":"${scim}/${org_id}/Users/1"}}`);
    };
    for (const path of ['/tokens/scim/acme/Users', '/scim/acme/Users']) {
      const answer = await send([
        `GET ${path} HTTP/1.1`,
        'Host: example.com',
        `Authorization: Bearer ${secret}`,
        'Connection: close',
      ]);
      expect(answer.body).toBe('{"meta":{"location":"https://example.com/tokens/scim/acme/Users/1"}}');
    }
  });
});
