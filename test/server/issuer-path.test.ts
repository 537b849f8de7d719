import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../src/cli/terminal/log.ts';
import { startApiServer } from '../../src/server/api-server.ts';
import { withoutIssuerPath } from '../../src/server/requests/issuer-path.ts';
import { startWebServer } from '../../src/server/web-server.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { quietLog } from '../support/quiet-log.ts';
import { newVault, testSettings } from '../support/vault/test-vault.ts';

const issuer = 'https://example.com/tokens/webex';

describe('an issuer with a path', () => {
  const targetOf = withoutIssuerPath(issuer);

  it.each([
    ['/.well-known/oauth-authorization-server/tokens/webex', '/.well-known/oauth-authorization-server'],
    [
      '/tokens/webex/.well-known/oauth-authorization-server?x=1',
      '/.well-known/oauth-authorization-server?x=1',
    ],
    ['/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server'],
    ['/tokens/webex/oauth/token', '/oauth/token'],
    ['/tokens/webex/readyz', '/readyz'],
    ['/oauth/token', '/oauth/token'],
    ['/.well-known/oauth-authorization-server/tokens', '/.well-known/oauth-authorization-server/tokens'],
    [
      '/.well-known/oauth-authorization-server/tokens/webex/',
      '/.well-known/oauth-authorization-server/tokens/webex/',
    ],
    ['/tokens/webexoauth/token', '/tokens/webexoauth/token'],
    ['/tokens/webex', '/tokens/webex'],
    ['/tokens/webex/profiles/acme', '/tokens/webex/profiles/acme'],
  ])('reads the target %s as %s', (target, known) => {
    expect(targetOf(target)).toBe(known);
  });

  it('changes no target if the issuer has no path', () => {
    const same = withoutIssuerPath('https://example.com');
    for (const target of ['/oauth/token', '/tokens/webex/oauth/token', '//x'])
      expect(same(target)).toBe(target);
  });

  it('serves its metadata where clients look for it, on the token API and next to the web app', async () => {
    const port = await freePort();
    const vault = await newVault(undefined, { settings: { ...(await testSettings()), port, issuer } });
    const api = await startApiServer(vault, quietLog(), {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      trustedProxies: [],
    });
    const web = await startWebServer(vault, quietLog());
    onTestFinished(async () => {
      await api.close();
      await web.close();
    });
    for (const origin of [api.address, `http://localhost:${port}`]) {
      for (const path of [
        '/.well-known/oauth-authorization-server/tokens/webex',
        '/tokens/webex/.well-known/oauth-authorization-server',
        '/.well-known/oauth-authorization-server',
      ]) {
        const response = await fetch(origin + path);
        expect({ path, status: response.status }).toEqual({ path, status: 200 });
        expect(await response.json()).toMatchObject({ issuer, token_endpoint: `${issuer}/oauth/token` });
      }
      expect((await fetch(`${origin}/tokens/webex/oauth/token`, { method: 'POST' })).status).toBe(400);
    }
  });
});

describe('the headers of every response', () => {
  it.each(['info', 'warn'] as const)('do not name the software, with the log level "%s"', async (level) => {
    const log = createLog(level, { write: () => {} });
    const port = await freePort();
    const vault = await newVault(undefined, { settings: { ...(await testSettings()), port } });
    const alone = { host: '127.0.0.1', port: 0, tls: null };
    const web = await startWebServer(vault, log);
    const api = await startApiServer(vault, log, { ...alone, trustedProxies: [] });
    const proxied = await startApiServer(vault, log, { ...alone, trustedProxies: ['192.0.2.1'] });
    onTestFinished(async () => void (await Promise.all([web.close(), api.close(), proxied.close()])));
    const ports = [
      port,
      web.cleanupPort,
      ...[api, proxied].map(({ address }) => Number(new URL(address).port)),
    ];
    const head = (request: string, at: number) =>
      `${request} HTTP/1.1\r\nHost: localhost:${at}\r\nConnection: close\r\n`;
    for (const at of ports) {
      for (const request of [
        ...[
          '/',
          '/auth/code',
          '/healthz',
          '/readyz',
          '/metrics',
          '/nothing',
          '/%',
          '//',
          '/assets/style.css',
        ].map((path) => `GET ${path}`),
        'POST /oauth/token',
        'DELETE /oauth/token',
        'OPTIONS *',
        'BREW /',
      ]) {
        const { raw } = await sendRaw(at ?? 0, `${head(request, at ?? 0)}\r\n`);
        expect(raw, request).toMatch(/^HTTP\/1\.1 \d/);
        expect(raw, request).not.toMatch(/x-powered-by|^server:|express/im);
      }
      const { raw } = await sendRaw(at ?? 0, `${head('GET /', at ?? 0)}X: ${'x'.repeat(20_000)}\r\n\r\n`);
      expect(raw).not.toMatch(/x-powered-by/i);
    }
  });
});
