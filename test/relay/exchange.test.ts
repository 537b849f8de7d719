import { once } from 'node:events';
import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { forFile } from '../support/for-file.ts';
import {
  ask,
  type RelayServer,
  type RelayServerOptions,
  relayServer,
  scimError,
} from '../support/relay-server.ts';

const json = 'application/scim+json';

/** A relay with the client `entra`. */
async function relayWithClient(options: RelayServerOptions = {}) {
  const here = await relayServer(options);
  return { ...here, here, secret: await here.client('entra') };
}

const shared = forFile(relayWithClient);

/** The relay of all tests in this file, with a Webex that has received no request yet. */
function ready() {
  const relay = shared();
  relay.upstream.arrived.length = 0;
  return relay;
}

/** Sends bytes to the relay and returns what came back, until it closes the connection. */
async function raw({ port }: RelayServer, lines: string[], body = ''): Promise<string> {
  return (await sendRaw(port, `${lines.join('\r\n')}\r\n\r\n${body}`)).raw;
}

describe('a relayed request', () => {
  it('leaves cookies, credentials, addresses and connection headers behind', async () => {
    const { here, secret, upstream } = ready();
    await ask(here, secret, '/scim/acme/Users/1', {
      method: 'PATCH',
      body: '{}',
      headers: {
        'content-type': json,
        cookie: 'a=b',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        forwarded: 'for=1.2.3.4',
        'x-http-method-override': 'DELETE',
        'x-method-override': 'DELETE',
        'x-original-url': '/admin',
        'proxy-authorization': 'Basic eA==',
        te: 'trailers',
        connection: 'keep-alive, if-match, x-secret',
        'if-match': 'W/"1"',
        'x-secret': 'y',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'accept-encoding': 'gzip',
        'if-none-match': 'W/"2"',
        expect: '100-continue',
      },
    });
    const { headers = {} } = upstream.arrived[0] ?? {};
    expect(Object.keys(headers).sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'if-none-match',
      'traceparent',
    ]);
    expect(headers.authorization).toBe('Bearer fake-token-for-acme-1');
    expect(headers['accept-encoding']).toBe('identity');
    expect(headers.host).toBe(new URL(upstream.origin).host);
  });

  it('may be chunked, and arrives with its length', async () => {
    const { here, secret, upstream } = ready();
    const head = [
      'POST /scim/acme/Users HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ];
    await raw(
      here,
      [...head, 'Transfer-Encoding: chunked'],
      '3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: y\r\n\r\n',
    );
    expect(upstream.arrived[0]).toMatchObject({ body: 'abcde', headers: { 'content-length': '5' } });
    expect(upstream.arrived[0]?.headers).not.toHaveProperty('x-trailer');
  });

  it.each([
    [
      'both lengths',
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      '0\r\n\r\nGET /scim/acme/Users HTTP/1.1\r\n\r\n',
    ],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], 'abcde'],
    ['a signed length', ['Content-Length: +5'], 'abcde'],
    ['another transfer coding', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n'],
    ['a masked transfer coding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a folded header', ['X: a', ' Transfer-Encoding: chunked'], ''],
    ['a space before the colon', ['Content-Length : 5'], 'abcde'],
    ['a bare line feed', ['X: a\nTransfer-Encoding: chunked'], '0\r\n\r\n'],
  ])('is not forwarded with %s', async (_name, headers, body) => {
    const { here, secret, upstream } = ready();
    const answer = await raw(
      here,
      ['POST /scim/acme/Users HTTP/1.1', 'Host: x', `Authorization: Bearer ${secret}`, ...headers],
      body,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(upstream.arrived).toEqual([]);
  });

  it('is refused with 413 above a mebibyte, announced or not', async () => {
    const { here, secret, upstream } = ready();
    const body = Buffer.alloc(1_048_577, 'x');
    const exact = await ask(here, secret, '/scim/acme/Users', { method: 'POST', body: body.subarray(1) });
    expect(exact.status).toBe(200);
    const announced = await ask(here, secret, '/scim/acme/Users', {
      method: 'POST',
      headers: { 'content-length': String(body.length), expect: '100-continue' },
    }).catch(() => null);
    if (announced !== null) expect(scimError(announced).status).toBe(413);
    const head = [
      'POST /scim/acme/Users HTTP/1.1',
      'Host: x',
      `Authorization: Bearer ${secret}`,
      'Connection: close',
    ];
    const chunked = await raw(
      here,
      [...head, 'Transfer-Encoding: chunked'],
      `100001\r\n${body}\r\n0\r\n\r\n`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    expect(upstream.arrived).toHaveLength(1);
  });

  it('has its trace context, if that is valid', async () => {
    const { here, secret, upstream } = ready();
    const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
    const none = '00000000000000000000000000000000-b7ad6b7169203331';
    const passed = [`00-${ids}-00`, `cc-${ids}-01-what-comes`];
    const dropped = [
      `00-${ids}-01-more`,
      `ff-${ids}-01`,
      `00-${none}-01`,
      '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
      `00-${ids.toUpperCase()}-01`,
      `00-${ids}`,
      'id of a person',
    ];
    for (const traceparent of [...passed, ...dropped]) {
      await ask(here, secret, '/scim/acme/Users', { headers: { traceparent } });
      const arrived = upstream.arrived.at(-1)?.headers.traceparent;
      expect(arrived, traceparent).toBe(passed.includes(traceparent) ? traceparent : undefined);
    }
  });

  it('gets a response before its body is read if its client is unknown', async () => {
    const { here } = ready();
    const head = [
      'POST /scim/acme/Users HTTP/1.1',
      'Host: x',
      'Authorization: Bearer wrong',
      'Content-Length: 900000',
    ];
    expect(await raw(here, head, 'x')).toMatch(/^HTTP\/1\.1 401 [\s\S]*Connection: close/);
  });

  it('ends at Webex when its client closes the connection', async () => {
    const { here, secret, upstream } = ready();
    const closed = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    upstream.handle = (_request, response) => {
      response.on('close', () => closed.resolve());
      arrived.resolve();
    };
    const request = sendRequest({
      port: here.port,
      path: '/scim/acme/Users',
      headers: { authorization: `Bearer ${secret}` },
    });
    request.on('error', () => {});
    request.end();
    await arrived.promise;
    request.destroy();
    await closed.promise;
  });

  it('works over HTTP/1.0, with HEAD, and with several requests on one connection', async () => {
    const { here, secret, upstream } = ready();
    upstream.handle = (request, response) => {
      response
        .writeHead(200, { 'Content-Type': json })
        .end(request.method === 'HEAD' ? undefined : '{"a":1}');
    };
    const auth = `Authorization: Bearer ${secret}`;
    expect(await raw(here, ['GET /scim/acme/Users HTTP/1.0', 'Host: x', auth])).toMatch(/\r\n\r\n\{"a":1\}$/);
    const head = await raw(here, ['HEAD /scim/acme/Users HTTP/1.1', 'Host: x', auth, 'Connection: close']);
    expect(head).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
    const two = [
      'GET /scim/acme/Users HTTP/1.1',
      'Host: x',
      auth,
      '',
      'GET /scim/acme/Groups HTTP/1.1',
      'Host: x',
      auth,
      'Connection: close',
    ];
    expect((await raw(here, two)).match(/\{"a":1\}/g)).toHaveLength(2);
  });
});

describe('informational responses', () => {
  const head = 'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';
  const before = 'HTTP/1.1 100 Continue\r\n\r\n';
  const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';

  it.each([
    ['100 Continue', [`${before}${head}{}`]],
    ['100 Continue by itself', [before, `${head}{}`]],
    [
      '100 Continue in pieces',
      ['HT', 'TP/1.1 100 Con', 'tinue\r\nX: y\r\n\r', `\nHTTP/1.1 2`, `${head.slice(10)}{}`],
    ],
    ['several', [`${before}${before}`, hints, `${before}${head}{}`]],
    ['103 Early Hints', [hints, `${head}{}`]],
  ])('are passed over: %s', async (_name, pieces) => {
    // They are written to the socket, past the HTTP server. The connection cannot be used afterwards.
    const { here, secret, upstream } = await relayWithClient();
    upstream.handle = async ({ socket }) => {
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(2);
      }
    };
    for (const body of ['{"a":1}', '{"a":2}']) {
      const answer = await ask(here, secret, '/scim/acme/Users', { method: 'POST', body });
      expect(answer).toMatchObject({ status: 201, body: '{}' });
    }
    expect(upstream.arrived).toHaveLength(2);
  });

  it('are not looked for within a response', async () => {
    const { here, secret, upstream } = ready();
    const text = `${before}${before}`;
    upstream.handle = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(text.length) });
      response.flushHeaders();
      await sleep(5);
      response.end(text);
    };
    expect(await ask(here, secret, '/scim/acme/Users')).toMatchObject({ status: 200, body: text });
  });
});

describe('a response', () => {
  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['zstd', zstdCompressSync],
    [', GZIP, identity', gzipSync],
    ['', (text: string) => Buffer.from(text)],
  ] as [string, (text: string) => Buffer][])(
    'comes back with addresses of the relay if it is compressed with %s',
    async (encoding, compress) => {
      const { here, secret, upstream, tenantUrl, relayUrl } = ready();
      const list = (base: string) =>
        `{"Resources":[${Array.from({ length: 500 }, (_, at) => `{"$ref":"${base}/Users/${at}"}`)}]}`;
      upstream.handle = (_request, response) => {
        response
          .writeHead(200, { 'Content-Type': json, 'Content-Encoding': encoding })
          .end(compress(list(tenantUrl)));
      };
      const answer = await ask(here, secret, '/scim/acme/Users', {
        headers: { 'accept-encoding': encoding },
      });
      expect(answer.body).toBe(list(relayUrl));
      expect(answer.headers).not.toHaveProperty('content-encoding');
    },
  );

  it.each([
    ['HEAD', 200, '44'],
    ['GET', 200, '0'],
    ['GET', 204, '0'],
    ['GET', 304, '44'],
  ])('is not decompressed if it has no body: %s %i', async (method, status, length) => {
    const { here, secret, upstream } = ready();
    upstream.handle = (_request, response) => {
      response
        .writeHead(status, { 'Content-Type': json, 'Content-Encoding': 'gzip', 'Content-Length': length })
        .end();
    };
    const answer = await ask(here, secret, '/scim/acme/Users', { method });
    expect(answer).toMatchObject({ status, body: '', aborted: false, headers: { 'content-type': json } });
  });

  it('has the first value of a header that Webex sent twice', async () => {
    const { here, secret, upstream, tenantUrl, relayUrl } = ready();
    upstream.handle = (_request, response) => {
      response
        .writeHead(201, {
          'Content-Type': [json, json],
          Location: [`${tenantUrl}/Users/1`, `${tenantUrl}/Users/2`],
          'Retry-After': ['17', '18'],
          Vary: ['Accept', 'Origin'],
        })
        .end(`{"meta":{"location":"${tenantUrl}/Users/1"}}`);
    };
    const answer = await ask(here, secret, '/scim/acme/Users', { method: 'POST', body: '{}' });
    expect(answer).toMatchObject({
      status: 201,
      body: `{"meta":{"location":"${relayUrl}/Users/1"}}`,
      headers: {
        'content-type': json,
        location: `${relayUrl}/Users/1`,
        'retry-after': '17',
        vary: 'Accept, Origin',
      },
    });
  });

  it('has addresses of the relay if it has no type', async () => {
    const { here, secret, upstream, tenantUrl, relayUrl } = ready();
    upstream.handle = (_request, response) => void response.end(`{"$ref":"${tenantUrl}/Users/1"}`);
    expect((await ask(here, secret, '/scim/acme/Users')).body).toBe(`{"$ref":"${relayUrl}/Users/1"}`);
  });

  it.each([204, 304, 302, 404, 409, 500])('comes back with the status %i', async (status) => {
    const { here, secret, upstream } = ready();
    upstream.handle = (_request, response) => {
      response.writeHead(status, { Location: 'https://other.example/x', ETag: 'W/"3"' }).end();
    };
    const answer = await ask(here, secret, '/scim/acme/Users/1');
    expect(answer).toMatchObject({
      status,
      body: '',
      headers: { location: 'https://other.example/x', etag: 'W/"3"' },
    });
    expect(upstream.arrived).toHaveLength(1);
  });

  it('leaves cookies and connection headers of Webex behind', async () => {
    const { here, secret, upstream } = ready();
    upstream.handle = (_request, response) => {
      response
        .writeHead(200, {
          'Content-Type': json,
          'Set-Cookie': ['a=b', 'c=d'],
          'Access-Control-Allow-Origin': '*',
          'Strict-Transport-Security': 'max-age=1',
          'Proxy-Authenticate': 'Basic',
          Upgrade: 'h2c',
          Trailer: 'X-T',
          Server: 'webex',
          TrackingID: 'ROUTER_1',
          Connection: 'close, retry-after',
          'Retry-After': '5',
        })
        .end('{}');
    };
    const { headers } = await ask(here, secret, '/scim/acme/Users');
    expect(Object.keys(headers).sort()).toEqual([
      'cache-control',
      'connection',
      'content-length',
      'content-type',
      'date',
      'trackingid',
      'x-content-type-options',
      'x-request-id',
    ]);
  });

  it('is passed on as it arrives', async () => {
    const { here, secret, upstream } = ready();
    const go = Promise.withResolvers<void>();
    upstream.handle = (_request, response) => {
      response.writeHead(200, { 'Content-Type': json });
      response.write('{"a":');
      void go.promise.then(() => response.end('1}'));
    };
    const request = sendRequest({
      port: here.port,
      path: '/scim/acme/Users',
      headers: { authorization: `Bearer ${secret}` },
    });
    request.end();
    const [response] = await once(request, 'response');
    const [first] = await once(response, 'data');
    expect(String(first)).toBe('{"a":');
    go.resolve();
    const [second] = await once(response, 'data');
    expect(String(second)).toBe('1}');
    response.resume();
  });

  it.each([
    ['with a length', { 'Content-Length': '1000000' }],
    ['in chunks', {}],
  ])('is cut off for the client too if Webex cuts it off %s', async (_name, headers) => {
    const { here, secret, upstream } = ready();
    for (const type of [json, 'text/plain']) {
      upstream.handle = (_request, response) => {
        response.writeHead(200, { 'Content-Type': type, ...headers });
        response.write('x'.repeat(200_000), () => setImmediate(() => response.destroy()));
      };
      const answer = await ask(here, secret, '/scim/acme/Users').catch(() => ({ aborted: true }));
      expect(answer.aborted).toBe(true);
    }
  });

  it('is 502 if Webex closes the connection first, or cannot be reached', async () => {
    const { here, secret, upstream } = ready();
    upstream.handle = (request) => request.socket.destroy();
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(502);
    expect(upstream.arrived).toHaveLength(1);
    upstream.handle = (request) => request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n');
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(502);
    upstream.handle = (request) =>
      request.socket.end(
        'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      );
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(502);
  });

  it.each([
    ['a large one', 'x'.repeat(500_000)],
    ['one without an end', 'x'],
  ])('is not read to its end if Webex rejects the token: %s', async (_name, body) => {
    const { here, secret, upstream } = await relayWithClient({ limits: { discardMs: 50 } });
    upstream.handle = (_request, response) => void response.writeHead(401).write(body);
    const answer = await ask(here, secret, '/scim/acme/Users');
    expect(scimError(answer)).toMatchObject({ status: 503, detail: expect.stringContaining('rejected') });
    expect(upstream.arrived).toHaveLength(1);
  });

  it('is 502 if Webex takes too long', async () => {
    const { here, secret, upstream } = await relayWithClient({ limits: { totalMs: 300 } });
    upstream.handle = () => {};
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(502);
  });

  it('is limited in size, before and after decompression', async () => {
    const { here, secret, upstream } = await relayWithClient({ limits: { maxResponseBytes: 100_000 } });
    const large = Buffer.alloc(200_000, ' ');
    const answers: Record<string, [Record<string, string>, Buffer]> = {
      length: [{ 'Content-Length': '200000' }, large],
      chunks: [{ 'Content-Type': json }, large],
      text: [{ 'Content-Type': 'text/plain' }, large],
      gzip: [{ 'Content-Type': json, 'Content-Encoding': 'gzip' }, gzipSync(large)],
    };
    for (const [headers, body] of Object.values(answers)) {
      upstream.handle = (_request, response) => {
        response.on('error', () => {});
        response.writeHead(200, headers);
        response.end(body);
      };
      const answer = await ask(here, secret, '/scim/acme/Users').catch(() => ({ aborted: true, status: 0 }));
      expect(answer.aborted || answer.status === 502).toBe(true);
    }
  });

  it('waits for a client that reads slowly, without holding it in memory', async () => {
    const { here, secret, upstream } = ready();
    let sent = 0;
    const size = 31 * 1_048_576;
    upstream.handle = (_request, response) => {
      response.writeHead(200, { 'Content-Type': json });
      const chunk = Buffer.alloc(65_536, ' ');
      const next = () => {
        if (sent >= size) return void response.end();
        sent += chunk.length;
        if (response.write(chunk)) setImmediate(next);
        else response.once('drain', next);
      };
      next();
    };
    const socket = connect(here.port, '127.0.0.1');
    socket.on('data', () => {}).pause();
    socket.write(
      `GET /scim/acme/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${secret}\r\nConnection: close\r\n\r\n`,
    );
    let before = -1;
    while (sent !== before || sent === 0) {
      before = sent;
      await sleep(150);
    }
    // The size of the sockets' buffers. The rest waits at Webex.
    expect(sent).toBeLessThan(size);
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(received).toBeGreaterThan(size);
  });
});
