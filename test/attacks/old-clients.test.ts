import { describe, expect, it } from 'vitest';
import { startTarget } from '../support/attacks/attack-target.ts';
import { rawSession } from '../support/attacks/raw-session.ts';

/* Requests of old or plain HTTP clients, and attempts to misuse them. */

const target = startTarget();
const { send, refused } = rawSession(target);

describe('HTTP/1.0', () => {
  it.each([
    ['no Host', ''],
    ['our host', 'Host: HOST\r\n'],
    ['our host in capitals', 'host: LocalHost:PORT\r\n'],
    ['a host without a port', 'Host: localhost\r\n'],
    ['keep-alive', 'Connection: keep-alive\r\n'],
    ['the headers of a load balancer', 'User-Agent: check_http/v2.3\r\nConnection: close\r\n'],
  ])('responds to health checks with %s', async (_what, headers) => {
    for (const method of ['GET', 'HEAD']) {
      for (const path of ['/healthz', '/readyz']) {
        const lines = `${method} ${path} HTTP/1.0\r\n${headers.replace('PORT', String(target.port))}\r\n`;
        for (const host of ['127.0.0.1', '::1']) {
          expect((await send(lines.replace(/keep-alive/, 'close'), { host })).status).toBe(200);
        }
      }
    }
  });

  it.each(['/', '/auth/code', '/metrics', '/oauth/token', '/profiles/acme', '/healthz/', '/instance'])(
    'reveals nothing at %s without a Host',
    async (path) => {
      await refused(`GET ${path} HTTP/1.0\r\n\r\n`, [400, 421]);
    },
  );

  it('rejects other hosts and two hosts, also for health checks', async () => {
    for (const host of ['evil.example', `evil.example:${target.port}`, 'localhost.', 'localhost:1']) {
      await refused(`GET /healthz HTTP/1.0\r\nHost: ${host}\r\n\r\n`, [421]);
    }
    await refused('GET /healthz HTTP/1.0\r\nHost: HOST\r\nHost: HOST\r\n\r\n', [400]);
  });
});

describe('HTTP/1.1', () => {
  it('requires a Host header', async () => {
    await refused('GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', [400]);
  });

  it('accepts a host in upper case', async () => {
    const host = `LocalHost:${target.port}`;
    for (const path of ['/healthz', '/auth/code', '/metrics']) {
      expect((await send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).status).toBe(
        200,
      );
    }
  });

  it('accepts its own absolute URL as the target, which replaces the Host header', async () => {
    const get = (address: string, host: string) =>
      send(`GET ${address} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    for (const path of ['/healthz', '/auth/code', '/metrics']) {
      expect((await get(`http://HOST${path}`, 'HOST')).status).toBe(200);
      expect((await get(`HTTP://LocalHost:${target.port}${path}`, 'evil.example')).status).toBe(200);
    }
    const page = await get(`http://127.0.0.1:${target.port}/profiles/acme`, 'HOST');
    expect(page.status).toBe(421);
    for (const address of [
      'http://evil.example/healthz',
      'http://HOST//evil.example',
      'https://HOST/healthz',
    ]) {
      expect([400, 404]).toContain((await get(address, 'HOST')).status);
    }
  });

  it.each([
    'application/x-www-form-urlencoded\t; charset=UTF-8',
    'application/x-www-form-urlencoded \t ;charset=utf-8',
    'Application/X-WWW-Form-URLEncoded',
  ])('reads a form of the type "%s" with Content-Encoding: identity', async (type) => {
    const body = `grant_type=client_credentials&client_id=deploy-of-acme&client_secret=${target.clientSecret}`;
    const cookie = await target.openSession();
    const ask = (path: string, form: string) =>
      send(
        `POST ${path} HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nCookie: ${cookie}\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Encoding: Identity\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
      );
    expect((await ask('/oauth/token', body)).status).toBe(200);
    expect((await ask('/profiles/acme/test', '')).status).toBe(303);
  });

  it.each(['gzip', 'identity, gzip', 'x-identity'])('rejects Content-Encoding: %s', async (encoding) => {
    const form = 'grant_type=client_credentials';
    const response = await send(
      `POST /oauth/token HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${form.length}\r\n\r\n${form}`,
    );
    expect(response.status).toBe(400);
  });
});
