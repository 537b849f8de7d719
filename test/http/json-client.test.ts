import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { type JsonResponse, requestJson } from '../../src/http/json-client.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { stepHangsMs } from '../support/hang-limits.ts';
import { now, serve, token } from '../support/webex/http-fakes.ts';

const call = (url: string, more: Partial<Parameters<typeof requestJson>[0]> = {}) =>
  requestJson({
    url,
    authorization: `Bearer ${token}`,
    fetch: globalThis.fetch,
    timeoutMs: stepHangsMs,
    now: () => now,
    ...more,
  });

function failure(answer: JsonResponse) {
  if (answer.ok) throw new Error('it did not fail');
  return answer.failure;
}

describe('requestJson', () => {
  it('sends the credential and nothing else', async () => {
    const url = await serve((request, response) => {
      const { authorization, accept, cookie } = request.headers;
      response.end(
        JSON.stringify({ method: request.method, url: request.url, authorization, accept, cookie }),
      );
    });
    expect(await call(`${url}/a?b=c`)).toMatchObject({
      ok: true,
      status: 200,
      body: { method: 'GET', url: '/a?b=c', authorization: `Bearer ${token}`, accept: 'application/json' },
    });
  });

  it('sends JSON, and accepts an empty response', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      seen.push(request.method, request.headers['content-type'], Buffer.concat(chunks).toString());
      response.writeHead(204).end();
    });
    const answer = await call(url, { method: 'PUT', json: { a: 1 }, authorization: 'SSWS fake' });
    expect(answer).toMatchObject({ ok: true, status: 204, body: undefined });
    expect(seen).toEqual(['PUT', 'application/json', '{"a":1}']);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const visited: unknown[] = [];
    const elsewhere = await serve((request, response) => {
      visited.push(request.headers.authorization);
      response.end('{}');
    });
    const url = await serve((_, response) => {
      response.writeHead(status, { location: elsewhere }).end();
    });
    expect(failure(await call(url)).reason).toBe('redirected');
    expect(visited).toEqual([]);
  });

  it('stops reading a response above 1 MiB', async () => {
    const url = await serve((_, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(failure(await call(url)).reason).toBe('too-large');
  });

  it('reads a response of 1 MiB', async () => {
    const url = await serve((_, response) => response.end(`"${'x'.repeat(1_048_574)}"`));
    expect((await call(url)).ok).toBe(true);
  });

  it.each([
    ['no response', () => {}],
    [
      'a response that stops in the middle',
      (_: unknown, response: { write: (text: string) => void }) => response.write('{'),
    ],
  ])('reports a timeout for %s', async (_, answer) => {
    const url = await serve(answer);
    expect(failure(await call(url, { timeoutMs: 60 })).reason).toBe('timeout');
  });

  it('reports a broken connection', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(failure(await call(url)).reason).toBe('network');
  });

  it('reports a port where nothing listens', async () => {
    expect(failure(await call(`http://127.0.0.1:${await freePort()}/`)).reason).toBe('refused');
  });

  it('reports a server that does not speak TLS', async () => {
    const url = await serve(() => {});
    expect(failure(await call(url.replace('http:', 'https:'))).reason).toBe('tls');
  });

  it.each([
    ['120', 120],
    ['0', 0],
    ['999999', 3600],
    [new Date(now + 90_000).toUTCString(), 90],
    [new Date(now - 90_000).toUTCString(), 0],
    ['soon', null],
  ])('reads Retry-After: %s', async (value, seconds) => {
    const url = await serve((_, response) => response.writeHead(429, { 'retry-after': value }).end());
    expect(failure(await call(url))).toMatchObject({ reason: 'rate-limited', retryAfterSeconds: seconds });
  });

  it('reports no delay without Retry-After', async () => {
    const url = await serve((_, response) => response.writeHead(429).end());
    expect(failure(await call(url)).retryAfterSeconds).toBeNull();
  });

  it.each([
    [{ message: 'Webex says', trackingId: 'ROUTER_1-2' }, 'Webex says'],
    [{ schemas: [], detail: 'SCIM says', status: '400' }, 'SCIM says'],
    [{ error: { code: 'x', message: 'Graph says' } }, 'Graph says'],
    [{ errorCode: 'x', errorSummary: 'Okta says' }, 'Okta says'],
    [{ message: { not: 'text' } }, null],
    [[1], null],
    ['text', null],
  ])('finds the error message in %o', async (body, detail) => {
    const url = await serve((_, response) => response.writeHead(400).end(JSON.stringify(body)));
    expect(failure(await call(url))).toMatchObject({
      reason: 'unexpected-status',
      status: 400,
      detail,
      body,
    });
  });

  it('reads the tracking ID from the body or the header', async () => {
    const url = await serve((request, response) => {
      const inBody = request.url === '/body';
      response.writeHead(500, inBody ? {} : { trackingid: 'HEADER_1' });
      response.end(JSON.stringify(inBody ? { trackingId: 'BODY_1' } : {}));
    });
    expect(failure(await call(`${url}/body`)).trackingId).toBe('BODY_1');
    expect(failure(await call(`${url}/header`)).trackingId).toBe('HEADER_1');
  });

  it('hides a token that the service repeats', async () => {
    const url = await serve((_, response) => {
      response.writeHead(401).end(JSON.stringify({ message: `bad: ${token}`, trackingId: token }));
    });
    const { detail, trackingId } = failure(await call(url));
    expect(detail).toBe('bad: [hidden]');
    expect(trackingId).toBeNull();
  });

  it('ignores a byte order mark', async () => {
    const url = await serve((_, response) => response.end('\ufeff{"a":1}'));
    expect(await call(url)).toMatchObject({ ok: true, body: { a: 1 } });
  });

  it.each([
    ['http://webexapis.com/v1', `Bearer ${token}`, 'E_INSECURE_ADDRESS'],
    ['http://127.0.0.1:1/', `Bearer ${token}\r\nx: y`, 'E_TOKEN_SYNTAX'],
    ['http://127.0.0.1:1/', `Bearer ${token}\u2026`, 'E_TOKEN_SYNTAX'],
  ])('refuses an unsafe call: %s', async (url, authorization, code) => {
    let calls = 0;
    const fetch = () => {
      calls += 1;
      return Promise.resolve(new Response('{}'));
    };
    const error = await call(url, { authorization, fetch }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BrokerError);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain(token);
    expect(calls).toBe(0);
  });
});
