import { describe, expect, it, onTestFinished } from 'vitest';
import { startApiServer } from '../../src/server/api-server.ts';
import { startTarget, worth } from '../support/attacks/attack-target.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { get, post, rawSession } from '../support/attacks/raw-session.ts';
import { quietLog } from '../support/quiet-log.ts';

const target = startTarget();
const { send, refused } = rawSession(target);

describe('ambiguous bodies (request smuggling)', () => {
  const chunked = '0\r\n\r\n';
  const smuggled = 'GET /metrics HTTP/1.1\r\nHost: HOST\r\n\r\n';

  it.each([
    ['CL and TE', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['TE and CL', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['TE with a space before the colon', ['Transfer-Encoding : chunked']],
    ['an unknown TE', ['Transfer-Encoding: xchunked']],
    ['a TE that is not decoded', ['Transfer-Encoding: gzip, chunked']],
    ['TE twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity']],
    ['TE after a tab', ['Transfer-Encoding:\x0bchunked']],
    ['CL twice', ['Content-Length: 5', 'Content-Length: 6']],
    ['CL in a list', ['Content-Length: 5, 6']],
    ['CL with a sign', ['Content-Length: +5']],
    ['CL below zero', ['Content-Length: -1']],
    ['CL in hexadecimal', ['Content-Length: 0x5']],
    ['CL beyond every number', [`Content-Length: ${'9'.repeat(30)}`]],
    ['a line feed alone between headers', ['X: y\nContent-Length: 5']],
    ['a carriage return alone', ['X: y\rContent-Length: 5']],
    ['a header that continues in the next line', ['X: y', ' Content-Length: 5']],
    ['a header without a name', [': y']],
    ['a header without a colon', ['nothing']],
    ['a NUL in a header', ['X: \0']],
  ])('are rejected: %s', async (_what, headers) => {
    for (const path of ['/oauth/token', '/auth/code']) {
      const request = [`POST ${path} HTTP/1.1`, 'Host: HOST', 'Origin: http://HOST', ...headers, '', chunked];
      const { raw } = await refused(`${request.join('\r\n')}${smuggled}`, [400]);
      // One response, and the connection ends: the smuggled bytes are not read as a request.
      expect(raw.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    }
  });

  it.each([
    ['a chunk whose size is not a number', 'xyz\r\n'],
    ['a chunk whose size is too large for a number', `${'f'.repeat(20)}\r\n`],
    ['a chunk that is longer than it says', '1\r\nabcdef\r\n'],
    ['extensions without an end', `1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
  ])('are rejected in chunks: %s', async (_what, body) => {
    for (const path of ['/oauth/token', '/auth/code']) {
      const head = [
        `POST ${path} HTTP/1.1`,
        'Host: HOST',
        'Origin: http://HOST',
        'Transfer-Encoding: chunked',
      ];
      const type = path === '/auth/code' ? 'application/json' : 'application/x-www-form-urlencoded';
      await refused([...head, `Content-Type: ${type}`, '', body].join('\r\n'), [400, 413]);
    }
  });

  it('are rejected if they are compressed', async () => {
    const headers = ['Content-Type: application/json', 'Content-Encoding: gzip'];
    await refused(post('/auth/code', '\x1f\x8b', ...headers), [415]);
    const form = 'Content-Type: application/x-www-form-urlencoded';
    await refused(post('/oauth/token', '\x1f\x8b', form, 'Content-Encoding: gzip'), [400]);
  });

  it('are rejected if they are invalid JSON or have a wrong content type', async () => {
    const type = 'Content-Type: application/json';
    for (const body of [
      '{',
      '[]',
      'null',
      '"x"',
      '{"fragment":[]}',
      '{"fragment":{}}',
      '{"__proto__":{"fragment":"x"}}',
    ]) {
      await refused(post('/auth/code', body, type), [400]);
    }
    await refused(post('/auth/code', '{}', 'Content-Type: text/plain'), [415]);
    await refused(post('/auth/code', '{}', `${type};charset=utf-7`), [415]);
    await refused(post('/auth/code', '{}', type, 'Content-Type: text/plain'), [400, 415]);
  });
});

describe('methods', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY'])(
    'are not supported: %s',
    async (method) => {
      for (const path of ['/healthz', '/auth/code', '/oauth/token', '/metrics', '/']) {
        const answer = await refused(
          `${method} ${path} HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nConnection: close\r\n\r\n`,
          [403, 404, 405],
        );
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      }
    },
  );

  it.each(['get', 'G\0T', 'GET\t', 'JEFF', 'A'.repeat(5_000), ''])('are not accepted: %j', async (method) => {
    await refused(`${method} /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n`, [400, 431]);
  });

  it('open no tunnel and no protocol upgrade', async () => {
    const tunnel = await send('CONNECT localhost:22 HTTP/1.1\r\nHost: HOST\r\n\r\n');
    expect(tunnel.raw).toBe('');
    for (const protocol of ['websocket', 'h2c']) {
      const answer = await refused(get('/', `Upgrade: ${protocol}`, 'Connection: Upgrade, close'));
      expect(answer.status).not.toBe(101);
    }
    await refused(get('/healthz', 'Expect: 200-ok'), [417]);
  });
});

describe('input that is not HTTP', () => {
  it.each([
    ['noise', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.padEnd(200, '\xff')],
    ['a mail server’s words', 'EHLO evil.example\r\nMAIL FROM:<a@b>\r\n'],
    ['a Redis command', '*1\r\n$4\r\nINFO\r\n'],
    ['many headers', `${get('/healthz').slice(0, -2)}${'X: y\r\n'.repeat(3_000)}\r\n`],
    ['a long header', get('/healthz', `X: ${'y'.repeat(40_000)}`)],
    ['a long cookie', get('/', `Cookie: ${'a=b; '.repeat(8_000)}`)],
    ['an endless first line', `GET /${'a'.repeat(100_000)}`],
  ])('is rejected: %s', async (_what, bytes) => {
    const { body } = await refused(bytes, [400, 431]);
    // Node responds with the status only, and with a remedy for a browser with too many cookies.
    if (body !== '') expect(body).toMatch(/^The request headers are too large, [^<>]+\n$/);
  });

  it('cannot hide a second host behind the header limit of Node', async () => {
    const flood = Array.from({ length: 2_500 }, () => 'a:b');
    await refused(
      `GET /healthz HTTP/1.1\r\nHost: HOST\r\n${flood.join('\r\n')}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    );
  });
});

describe('the servers', () => {
  it('reject these bodies in the token API on its own too', async () => {
    const options = { host: '127.0.0.1', port: 0, tls: null, trustedProxies: [] };
    const server = await startApiServer(target.vault, quietLog(), options);
    onTestFinished(() => server.close());
    const port = Number(new URL(server.address).port);
    const form = 'grant_type=client_credentials';
    const close = 'Host: x\r\nConnection: close';
    expect((await sendRaw(port, `GET /healthz HTTP/1.1\r\n${close}\r\n\r\n`)).status).toBe(200);
    for (const [request, status] of [
      [`GET /healthz HTTP/1.1\r\n${close}\r\nHost: y\r\n\r\n`, 400],
      [`GET http://x/healthz HTTP/1.1\r\n${close}\r\n\r\n`, 400],
      ['GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
      [`GET //healthz HTTP/1.1\r\n${close}\r\n\r\n`, 404],
      [`GET /profiles/acme HTTP/1.1\r\n${close}\r\n\r\n`, 404],
      [`GET /auth/code HTTP/1.1\r\n${close}\r\n\r\n`, 404],
      [
        `POST /oauth/token HTTP/1.1\r\n${close}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${form}`,
        400,
      ],
    ] as const) {
      const answer = await sendRaw(port, request);
      expect([request, answer.status]).toEqual([request, status]);
      expect(answer.raw).not.toMatch(worth);
    }
  });

  it('still respond as before, and have logged no internal error', async () => {
    expect((await send(get('/healthz'))).body).toContain('"ok"');
    const failures = target.logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
    expect(failures).toEqual([]);
  });
});
