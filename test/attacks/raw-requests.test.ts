import { describe, expect, onTestFinished, test } from 'vitest';
import { serveApi } from '../../src/server/serve-api.ts';
import { quietLog } from '../server/quiet-log.ts';
import { attacked, worth } from './attacked.ts';
import { sendRaw } from './raw-request.ts';

const it = attacked();

/** A request as it is, `HOST` standing for the right one, and the connection closed after it. */
function send(request: string, options?: { host?: string }) {
  const bytes = request.replaceAll('HOST', `localhost:${it.port}`);
  return sendRaw(it.port, bytes, options);
}

const get = (target: string, ...headers: string[]) =>
  [`GET ${target} HTTP/1.1`, 'Host: HOST', 'Connection: close', ...headers, '', ''].join('\r\n');

const post = (path: string, body: string, ...headers: string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: HOST',
    'Connection: close',
    'Origin: http://HOST',
    `Content-Length: ${body.length}`,
    ...headers,
    '',
    body,
  ].join('\r\n');

/** A refusal that tells nothing: no page behind it, no name, no stack, no version. */
async function refused(request: string, statuses: number[] = []) {
  const answer = await send(request);
  if (statuses.length > 0) expect(statuses).toContain(answer.status);
  else expect(Math.floor(answer.status / 100)).toBe(4);
  expect(answer.raw).not.toMatch(worth);
  expect(answer.raw).not.toMatch(/^\s+at |node_modules|\.ts\b|node:internal|Express|Node\.js/im);
  expect(answer.headers).not.toHaveProperty('server');
  expect(answer.headers).not.toHaveProperty('set-cookie');
  return answer;
}

test('the same, well formed, is answered', async () => {
  expect((await send(get('/healthz'))).status).toBe(200);
  expect((await send(get('/healthz'), { host: '::1' })).status).toBe(200);
  expect((await send(get('/'))).status).toBe(403);
  const cookie = await it.enter();
  const page = await send(get('/', `Cookie: ${cookie}`));
  expect(page.status).toBe(200);
  expect(page.body).toMatch(worth);
});

describe('Host', () => {
  const paths = [
    '/healthz',
    '/auth/code',
    '/oauth/token',
    '/metrics',
    '/.well-known/oauth-authorization-server',
  ];

  test.each([
    ['none', []],
    ['an empty one', ['Host:']],
    ['two, the first right', ['Host: HOST', 'Host: evil.example']],
    ['two, the second right', ['Host: evil.example', 'Host: HOST']],
    ['twice the same', ['Host: HOST', 'hOsT: HOST']],
    ['two in one', ['Host: HOST, evil.example']],
    ['a folded one', ['Host: HOST', ' evil.example']],
    ['a user before it', ['Host: evil@HOST']],
    ['a path behind it', ['Host: HOST/oauth']],
    ['a query behind it', ['Host: HOST?']],
    ['a dot behind the name', ['Host: localhost.:3000']],
    ['capitals', ['Host: LOCALHOST:3000']],
    ['a NUL in it', ['Host: HOST\0']],
    ['a tab in it', ['Host: local\thost']],
    ['a space in it', ['Host: localhost :3000']],
    ['a space before the colon', ['Host : HOST']],
    ['bytes beyond ASCII', ['Host: l\xf6calhost:3000']],
    ['a Cyrillic o, in UTF-8', ['Host: l\xd0\xbecalhost:3000']],
    ['more than a header holds', [`Host: ${'a'.repeat(20_000)}`]],
    ['a long one', [`Host: ${'localhost.'.repeat(800)}`]],
    ['an address of all', ['Host: 0.0.0.0:3000']],
    ['an IPv6 address without brackets', ['Host: ::1']],
    ['an open bracket', ['Host: [::1']],
    ['a zone', ['Host: [fe80::1%25lo]:3000']],
    ['another port', ['Host: localhost:1']],
    ['a port with a sign', ['Host: localhost:+3000']],
    ['a line feed alone within', ['Host: localhost\n:3000']],
  ])('%s', async (_what, headers) => {
    await Promise.all(
      paths.map((path) =>
        refused([`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n')),
      ),
    );
  });

  test('HTTP/1.0 without any, HTTP/0.9, HTTP/2 in the clear', async () => {
    await refused('GET / HTTP/1.0\r\n\r\n', [400, 421]);
    await refused('GET /\r\n\r\n');
    await refused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await refused('GET / HTTP/3.7\r\nHost: HOST\r\nConnection: close\r\n\r\n');
  });
});

describe('Origin, and what else says where a change comes from', () => {
  const fragment = JSON.stringify({ fragment: '#state=x' });
  const json = 'Content-Type: application/json';

  test.each([
    ['none', []],
    ['an empty one', ['Origin:']],
    ['null', ['Origin: null']],
    ['two, the first right', ['Origin: http://HOST', 'Origin: http://evil.example']],
    ['two, the second right', ['Origin: http://evil.example', 'Origin: http://HOST']],
    ['twice the same', ['Origin: http://HOST', 'Origin: http://HOST']],
    ['two in one', ['Origin: http://HOST http://evil.example']],
    ['a path behind it', ['Origin: http://HOST/']],
    ['capitals', ['Origin: HTTP://HOST']],
    ['a user before it', ['Origin: http://x@HOST']],
    ['bytes beyond ASCII', ['Origin: http://l\xf6calhost:3000']],
    ['a long one', [`Origin: http://HOST${'/'.repeat(10_000)}`]],
    ['a right one from elsewhere', ['Origin: http://HOST', 'Sec-Fetch-Site: cross-site']],
    ['… said twice', ['Origin: http://HOST', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
  ])('%s', async (_what, headers) => {
    const head = ['Host: HOST', 'Connection: close', ...headers, `Content-Length: ${fragment.length}`, json];
    await Promise.all(
      ['/auth/code', '/sign-in', '/clients'].map((path) =>
        refused([`POST ${path} HTTP/1.1`, ...head, '', fragment].join('\r\n'), [403]),
      ),
    );
  });
});

describe('paths that are not normalised reach no page', () => {
  test.each([
    '//',
    '///',
    '/.',
    '/./',
    '/..',
    '/../',
    '/%2e',
    '/%2e%2e',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/../../package.json',
    '/assets/%2e%2e%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '/assets//style.css',
    '/assets/style.css/',
    '/assets/style.css%00',
    '/assets/style.css;x',
    '/assets/STYLE.CSS',
    '//profiles/acme',
    '/profiles//acme',
    '/profiles/./acme',
    '/profiles/x/../acme',
    '/profiles%2facme',
    '/profiles/acme%2f',
    '/profiles/acme%00',
    '/profiles/%00',
    '/profiles/acme/',
    '/Profiles/acme',
    '/profiles/%',
    '/profiles/%zz',
    '/profiles/%c0%af',
    '/profiles/%ff%fe',
    '/enter/%',
    '/enter/%E0%A4%A',
    '/sign-in/%2e%2e',
    '/calendar/%.ics',
    '/calendar/x%00.ics',
    '/captures/%0d%0aSet-Cookie:%20x=y',
    '//localhost/oauth/token',
    '/oauth/token/',
    '/oauth//token',
    '/oauth/%74oken',
    '/x/../oauth/token',
    '/;/auth/code',
    '\\',
    '/\\',
    '/?',
    '/?__proto__[x]=y',
    '/auth/code%20',
    '/auth%2fcode',
    '/auth/code/',
  ])('%s', async (target) => {
    const answer = await refused(get(target));
    expect(answer.body).not.toContain('root:');
    expect(answer.headers).not.toHaveProperty('location');
  });

  test('to whoever came in, they are no pages either', async () => {
    const cookie = await it.enter();
    for (const target of [
      '//',
      '/./',
      '/%2e',
      '//profiles/acme',
      '/profiles/acme/',
      '/profiles/%00',
      '/profiles/%',
    ]) {
      const { status, body } = await send(get(target, `Cookie: ${cookie}`));
      expect([400, 404]).toContain(status);
      expect(body).not.toMatch(/\s+at |node_modules/);
    }
  });

  test.each([
    ['a whole address', `http://HOST/`],
    ['… of another host', 'http://evil.example/'],
    ['… of the token endpoint', 'http://HOST/oauth/token'],
    ['… without a path', 'http://HOST'],
    ['… of another scheme', 'file:///etc/passwd'],
    ['an authority', 'HOST'],
    ['an asterisk', '*'],
    ['a path without a slash', 'healthz'],
    ['a fragment', '/auth/code#access_token=x'],
    ['a tab', '/heal\tthz'],
    ['a NUL', '/\0'],
    ['a carriage return', '/\r'],
    ['more than a request line holds', `/${'a'.repeat(70_000)}`],
    ['a long query', `/auth/code?${'a=b&'.repeat(5_000)}`],
  ])('%s as the target', async (_what, target) => {
    await refused(get(target));
    await refused(
      post(target, 'grant_type=client_credentials', 'Content-Type: application/x-www-form-urlencoded'),
    );
  });

  test('bytes beyond ASCII', async () => {
    await refused(get('/\xff\xfe'));
    await refused(get('/\xc2\x9b31m'));
  });
});

describe('bodies that two servers would read differently', () => {
  const chunked = '0\r\n\r\n';
  const smuggled = 'GET /metrics HTTP/1.1\r\nHost: HOST\r\n\r\n';

  test.each([
    ['CL and TE', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['TE and CL', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['TE with a space before the colon', ['Transfer-Encoding : chunked']],
    ['TE that is none', ['Transfer-Encoding: xchunked']],
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
    ['a header that goes on in the next line', ['X: y', ' Content-Length: 5']],
    ['a header without a name', [': y']],
    ['a header without a colon', ['nothing']],
    ['a NUL in a header', ['X: \0']],
  ])('%s', async (_what, headers) => {
    for (const path of ['/oauth/token', '/auth/code']) {
      const request = [`POST ${path} HTTP/1.1`, 'Host: HOST', 'Origin: http://HOST', ...headers, '', chunked];
      const { raw } = await refused(`${request.join('\r\n')}${smuggled}`, [400]);
      // One answer, and the connection is over: what was smuggled behind is no request.
      expect(raw.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    }
  });

  test.each([
    ['a chunk whose size is none', 'xyz\r\n'],
    ['a chunk whose size is beyond every number', `${'f'.repeat(20)}\r\n`],
    ['a chunk that is longer than it says', '1\r\nabcdef\r\n'],
    ['extensions without an end', `1;${'x'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
  ])('%s', async (_what, body) => {
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

  test('compressed ones are not unpacked', async () => {
    const headers = ['Content-Type: application/json', 'Content-Encoding: gzip'];
    await refused(post('/auth/code', '\x1f\x8b', ...headers), [415]);
    const form = 'Content-Type: application/x-www-form-urlencoded';
    await refused(post('/oauth/token', '\x1f\x8b', form, 'Content-Encoding: gzip'), [400]);
  });

  test('nor is what is no JSON, or not what it says', async () => {
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
  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY'])(
    '%s',
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

  test.each(['get', 'G\0T', 'GET\t', 'JEFF', 'A'.repeat(5_000), ''])('%j is none', async (method) => {
    await refused(`${method} /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n`, [400, 431]);
  });

  test('no tunnel, and no other protocol', async () => {
    const tunnel = await send('CONNECT localhost:22 HTTP/1.1\r\nHost: HOST\r\n\r\n');
    expect(tunnel.raw).toBe('');
    for (const protocol of ['websocket', 'h2c']) {
      const answer = await refused(get('/', `Upgrade: ${protocol}`, 'Connection: Upgrade, close'));
      expect(answer.status).not.toBe(101);
    }
    await refused(get('/healthz', 'Expect: 200-ok'), [417]);
  });
});

describe('what is no HTTP at all', () => {
  test.each([
    ['noise', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.padEnd(200, '\xff')],
    ['a mail server’s words', 'EHLO evil.example\r\nMAIL FROM:<a@b>\r\n'],
    ['a Redis command', '*1\r\n$4\r\nINFO\r\n'],
    ['many headers', `${get('/healthz').slice(0, -2)}${'X: y\r\n'.repeat(3_000)}\r\n`],
    ['a long header', get('/healthz', `X: ${'y'.repeat(40_000)}`)],
    ['a long cookie', get('/', `Cookie: ${'a=b; '.repeat(8_000)}`)],
    ['an endless first line', `GET /${'a'.repeat(100_000)}`],
  ])('%s', async (_what, bytes) => {
    const { body } = await refused(bytes, [400, 431]);
    // As Node answers: nothing but the status, and for a browser with too many cookies what to do.
    if (body !== '') expect(body).toMatch(/^This browser sends more with its request [^<>]+\n$/);
  });

  test('a thousand headers more than Node keeps hide no second host', async () => {
    const flood = Array.from({ length: 2_500 }, () => 'a:b');
    await refused(
      `GET /healthz HTTP/1.1\r\nHost: HOST\r\n${flood.join('\r\n')}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`,
    );
  });
});

test('the token API alone, as other hosts reach it, refuses them too', async () => {
  const options = { host: '127.0.0.1', port: 0, tls: null, trustedProxies: [] };
  const server = await serveApi(it.vault, quietLog(), options);
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

test('after all of it the server answers as before, and has logged no failure of its own', async () => {
  expect((await send(get('/healthz'))).body).toContain('"ok"');
  const failures = it.logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  expect(failures).toEqual([]);
});
