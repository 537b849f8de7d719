import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ApiServerOptions, startApiServer } from '../../src/server/api-server.ts';
import { readTls } from '../../src/server/tls/tls-files.ts';
import { clientOf, profileWithToken } from '../support/api-server.ts';
import { canMakeCertificates, makeCertificate } from '../support/certificates.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { newVault } from '../support/vault/test-vault.ts';

async function serving(options: Partial<ApiServerOptions> = {}) {
  const vault = await newVault();
  const server = await startApiServer(vault, quietLog(), {
    host: '127.0.0.1',
    port: 0,
    tls: null,
    trustedProxies: [],
    ...options,
  });
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= server.close();
    return closed;
  };
  onTestFinished(close);
  return { ...server, vault, close };
}

describe('the token API on its own server', () => {
  it('serves without TLS on loopback, as its own issuer', async () => {
    const { address, issuer } = await serving();
    expect(issuer).toBe(address);
    expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${address}/healthz`)).status).toBe(200);
    expect((await fetch(`${address}/`)).status).toBe(404);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'tokens.example'])('requires TLS or a proxy on %s', async (host) => {
    await expect(serving({ host })).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  it('responds only to a named proxy and this machine if it is behind a proxy', async () => {
    const { vault, address } = await serving({ trustedProxies: ['127.0.0.1'], host: '0.0.0.0' });
    const local = address.replace(/\/\/[^:]+:/, '//127.0.0.1:');
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme'], { addresses: ['10.0.0.1'] });
    const ask = async (forwardedFor: string) => {
      const response = await fetch(`${local}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'ci',
          client_secret: secret,
        }),
        headers: { 'x-forwarded-for': forwardedFor },
      });
      return response.status;
    };
    expect(await ask('10.0.0.1')).toBe(200);
    expect(await ask('10.0.0.2')).toBe(400);
    // Addresses that the client sent are not trusted, only the one that the proxy appended.
    expect(await ask('10.0.0.1, 10.0.0.2')).toBe(400);
  });

  it('reports a port that is in use', async () => {
    const { address } = await serving();
    const port = Number(new URL(address).port);
    await expect(serving({ port })).rejects.toMatchObject({ code: 'E_PORT_TAKEN' });
  });

  it('finishes open requests before it stops', async () => {
    const { vault, address, close } = await serving();
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const body = `grant_type=client_credentials&client_id=ci&client_secret=${secret}`;
    const asking = Array.from({ length: 5 }, () => begunRequest(`${address}/oauth/token`, body.length));
    await Promise.all(asking.map(({ arrived }) => arrived));
    const closing = close();
    for (const { finish } of asking) finish(body);
    expect(await Promise.all(asking.map(({ status }) => status))).toEqual([200, 200, 200, 200, 200]);
    await closing;
    await expect(fetch(`${address}/healthz`)).rejects.toThrow();
  });
});

/** A request whose headers the server has received, as its "100 Continue" shows, but not its body. */
function begunRequest(url: string, length: number) {
  const request = httpRequest(url, {
    method: 'POST',
    headers: {
      expect: '100-continue',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': length,
    },
  });
  request.flushHeaders();
  return {
    arrived: once(request, 'continue'),
    finish: (body: string) => void request.end(body),
    status: new Promise<number>((resolve, reject) => {
      request.once('response', (response) => resolve(response.resume().statusCode ?? 0));
      request.once('error', reject);
    }),
  };
}

const withCertificates = it.runIf(canMakeCertificates);

withCertificates('over TLS 1.2 and newer, also beyond loopback', async () => {
  const files = makeCertificate(temporaryFolder(), 'first');
  const { address } = await serving({ tls: files, host: '127.0.0.1' });
  expect(address).toMatch(/^https:/);
  expect(await statusOver(address, files.certificate)).toBe(200);
  await expect(statusOver(address, files.certificate, { maxVersion: 'TLSv1.1' })).rejects.toThrow();
});

withCertificates('new connections get the new certificate, and the server was not restarted', async () => {
  const folder = temporaryFolder();
  const files = makeCertificate(folder, 'used');
  const next = makeCertificate(folder, 'next');
  const { address } = await serving({ tls: files });
  expect(await commonName(address)).toBe('used');
  copyFileSync(next.certificate, files.certificate);
  copyFileSync(next.key, files.key);
  await expect.poll(() => commonName(address), { interval: 200 }).toBe('next');
});

withCertificates('files that cannot be used are refused at the start', async () => {
  const folder = temporaryFolder();
  const one = makeCertificate(folder, 'one');
  const other = makeCertificate(folder, 'other');
  expect(() => readTls({ certificate: one.certificate, key: other.key })).toThrow(
    /does not match the certificate/,
  );
  expect(() => readTls({ certificate: join(folder, 'none'), key: one.key })).toThrow(/cannot be used/);
});

function statusOver(
  address: string,
  authority: string,
  options: { maxVersion?: 'TLSv1.1' } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const ca = readFileSync(authority);
    httpsRequest(`${address}/healthz`, { ca, minVersion: 'TLSv1', ...options }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once('error', reject)
      .end();
  });
}

function commonName(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { port: Number(new URL(address).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        const certificate: PeerCertificate = socket.getPeerCertificate();
        socket.destroy();
        resolve(String(certificate.subject.CN));
      },
    );
    socket.once('error', reject);
  });
}
