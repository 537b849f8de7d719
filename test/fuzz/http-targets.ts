import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type RawResponse, sendRaw } from '../support/attacks/raw-http.ts';
import type { Target } from './target.ts';
import { type ServedWorld, serveWorld, storedToken } from './world.ts';

/** Any bytes for the value of a header, with line breaks inserted on purpose. */
function headerValue(...known: string[]) {
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const part = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: byte });
  return fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''));
}

function assertRefused(response: RawResponse, world: ServedWorld): void {
  assert.ok(response.status >= 400 && response.status < 500, `status ${response.status}`);
  assert.ok(!/acme|^\s+at |node_modules/im.test(response.raw), 'the response reveals data');
  assert.ok(!response.raw.includes(storedToken) && !response.raw.includes(world.clientSecret));
  assert.deepEqual(world.failures, []);
}

/** The lines of a request with this value unchanged, on a connection that then closes. */
function request(method: string, path: string, headers: string[], body = ''): string {
  const length =
    body === '' && method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`];
  return [`${method} ${path} HTTP/1.1`, ...headers, 'Connection: close', ...length, '', body].join('\r\n');
}

export async function hostTarget(): Promise<Target<string>> {
  const world = await serveWorld();
  const right = `localhost:${world.port}`;
  return {
    inputs: headerValue(
      'localhost',
      right,
      ':',
      `${world.port}`,
      '.',
      'evil.example',
      '127.0.0.1',
      '[::1]',
      ' ',
      '\t',
      '\r\n',
      '\r\nHost: ',
      '@',
      '/',
      '%00',
      '\0',
      'LOCALHOST',
      ',',
    ),
    async check(value) {
      const response = await sendRaw(world.port, request('GET', '/auth/code', [`Host: ${value}`]));
      // Node trims white space around a value.
      if (value.replace(/^[ \t]+|[ \t]+$/g, '') === right) assert.equal(response.status, 200);
      else if (response.status === 200) {
        // The text after a line break was another header.
        assert.match(value, /\r\n/);
        assert.equal(value.slice(0, value.indexOf('\r\n')).trim(), right);
      } else assertRefused(response, world);
    },
    close: () => world.close(),
  };
}

export async function originTarget(): Promise<Target<string>> {
  const world = await serveWorld();
  const host = `localhost:${world.port}`;
  const right = `http://${host}`;
  const body = '{"fragment":"#state=x"}';
  return {
    inputs: headerValue(
      right,
      'http://',
      'https://',
      'localhost',
      ':',
      `${world.port}`,
      '.evil.example',
      'null',
      ' ',
      ',',
      '/',
      '\t',
      '\r\n',
      '\r\nOrigin: ',
      '\0',
    ),
    async check(value) {
      const headers = [`Host: ${host}`, 'Content-Type: application/json', `Origin: ${value}`];
      const response = await sendRaw(world.port, request('POST', '/auth/code', headers, body));
      assertRefused(response, world);
      const origin = value.split('\r\n', 1)[0]?.trim();
      // The program refuses it with 403, or Node with an empty body.
      if (origin !== right)
        assert.ok(response.status === 403 || response.body === '', `status ${response.status}`);
    },
    close: () => world.close(),
  };
}

export async function cookieTarget(): Promise<Target<string>> {
  const world = await serveWorld();
  const name = `broker-${world.port}`;
  return {
    inputs: headerValue(
      name,
      `${name}=`,
      '=',
      ';',
      '; ',
      's%3A',
      's:',
      'j%3A{"entered":true}',
      'j:',
      '.',
      'x'.repeat(43),
      '%',
      '%00',
      '"',
      '\\',
      '__proto__=',
      'entered=true',
      '{}',
      '[',
      '\xff',
      '\t',
    ),
    async check(value) {
      for (const path of ['/', '/profiles/acme']) {
        const response = await sendRaw(
          world.port,
          request('GET', path, [`Host: localhost:${world.port}`, `Cookie: ${value}`]),
        );
        assertRefused(response, world);
        assert.equal(response.headers['set-cookie'], undefined);
      }
    },
    close: () => world.close(),
  };
}

export async function tokenEndpointTarget(): Promise<Target<{ authorization: string | null; form: string }>> {
  const world = await serveWorld();
  const names = [
    'grant_type=client_credentials',
    'client_id=ci',
    'client_secret=x',
    'client_assertion=eyJ.e30.',
    'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    'resource=https://x/',
    'scope=',
    '&',
    '=',
    '%',
    '+',
    '\0',
    '%ff',
    '__proto__=x',
    'token=y',
  ];
  return {
    inputs: fc.record({
      authorization: fc.option(
        headerValue('Basic ', 'Bearer ', 'Y2k6eA==', 'Og==', 'Y2k=', '=', ',', ' ', 'basic '),
        { nil: null },
      ),
      form: headerValue(...names),
    }),
    async check({ authorization, form }) {
      const headers = [`Host: localhost:${world.port}`, 'Content-Type: application/x-www-form-urlencoded'];
      if (authorization !== null) headers.push(`Authorization: ${authorization.replace(/[\r\n]/g, '')}`);
      for (const path of ['/oauth/token', '/oauth/introspect']) {
        assertRefused(await sendRaw(world.port, request('POST', path, headers, form)), world);
      }
    },
    close: () => world.close(),
  };
}
