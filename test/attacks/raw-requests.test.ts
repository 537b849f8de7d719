import { describe, expect, it } from 'vitest';
import { startTarget, worth } from '../support/attacks/attack-target.ts';
import { get, post, rawSession } from '../support/attacks/raw-session.ts';

const target = startTarget();
const { send, refused } = rawSession(target);

describe('a valid request', () => {
  it('is accepted', async () => {
    expect((await send(get('/healthz'))).status).toBe(200);
    expect((await send(get('/healthz'), { host: '::1' })).status).toBe(200);
    expect((await send(get('/'))).status).toBe(403);
    const cookie = await target.openSession();
    const page = await send(get('/', `Cookie: ${cookie}`));
    expect(page.status).toBe(200);
    expect(page.body).toMatch(worth);
  });
});

describe('Host', () => {
  const paths = [
    '/healthz',
    '/auth/code',
    '/oauth/token',
    '/metrics',
    '/.well-known/oauth-authorization-server',
  ];

  it.each([
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
    ['rejects bytes outside ASCII', ['Host: l\xf6calhost:3000']],
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
  ])('is rejected: %s', async (_what, headers) => {
    await Promise.all(
      paths.map((path) =>
        refused([`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n')),
      ),
    );
  });

  it('is required: HTTP/1.0 without it, HTTP/0.9 and HTTP/2 without TLS are rejected', async () => {
    await refused('GET / HTTP/1.0\r\n\r\n', [400, 421]);
    await refused('GET /\r\n\r\n');
    await refused('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await refused('GET / HTTP/3.7\r\nHost: HOST\r\nConnection: close\r\n\r\n');
  });
});

describe('Origin and Sec-Fetch headers', () => {
  const fragment = JSON.stringify({ fragment: '#state=x' });
  const json = 'Content-Type: application/json';

  it.each([
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
    ['rejects bytes outside ASCII', ['Origin: http://l\xf6calhost:3000']],
    ['a long one', [`Origin: http://HOST${'/'.repeat(10_000)}`]],
    ['a right one from elsewhere', ['Origin: http://HOST', 'Sec-Fetch-Site: cross-site']],
    ['… sent twice', ['Origin: http://HOST', 'Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
  ])('are rejected: %s', async (_what, headers) => {
    const head = ['Host: HOST', 'Connection: close', ...headers, `Content-Length: ${fragment.length}`, json];
    await Promise.all(
      ['/auth/code', '/sign-in', '/clients'].map((path) =>
        refused([`POST ${path} HTTP/1.1`, ...head, '', fragment].join('\r\n'), [403]),
      ),
    );
  });
});

describe('paths that are not normalized', () => {
  it.each([
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
    '/access/%',
    '/access/%E0%A4%A',
    '/sign-in/%2e%2e',
    '/calendar/%.ics',
    '/calendar/x%00.ics',
    '/tokens/%0d%0aSet-Cookie:%20x=y',
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
  ])('reach no page: %s', async (target) => {
    const response = await refused(get(target));
    expect(response.body).not.toContain('root:');
    expect(response.headers).not.toHaveProperty('location');
  });

  it('reach no page with an authenticated session', async () => {
    const cookie = await target.openSession();
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

  it.each([
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
  ])('are rejected as the target: %s', async (_what, target) => {
    await refused(get(target));
    await refused(
      post(target, 'grant_type=client_credentials', 'Content-Type: application/x-www-form-urlencoded'),
    );
  });

  it('are rejected with bytes outside ASCII', async () => {
    await refused(get('/\xff\xfe'));
    await refused(get('/\xc2\x9b31m'));
  });
});

describe('the server, afterwards', () => {
  it('still responds as before, and has logged no internal error', async () => {
    expect((await send(get('/healthz'))).body).toContain('"ok"');
    const failures = target.logged.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
    expect(failures).toEqual([]);
  });
});
