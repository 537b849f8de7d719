import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BrokerError } from '../../src/errors/broker-error.ts';
import { askToken, clientOf, post, profileWithToken, served } from '../support/api-server.ts';

describe('the token API', () => {
  it.each(['oauth-authorization-server', 'openid-configuration'])(
    'serves the metadata of RFC 8414 at %s',
    async (name) => {
      const { origin } = await served();
      const response = await fetch(`${origin}/.well-known/${name}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        issuer: origin,
        token_endpoint: `${origin}/oauth/token`,
        introspection_endpoint: `${origin}/oauth/introspect`,
        grant_types_supported: ['client_credentials'],
        response_types_supported: ['none'],
        token_endpoint_auth_methods_supported: [
          'client_secret_basic',
          'client_secret_post',
          'private_key_jwt',
        ],
      });
    },
  );

  it('sends its security headers with every response, errors included', async () => {
    const { origin } = await served();
    for (const path of ['/oauth/token', '/nothing', '/healthz', '/.well-known/oauth-authorization-server']) {
      const { headers } = await fetch(origin + path);
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
      expect(headers.get('strict-transport-security'), path).toBeNull();
      expect(headers.get('x-powered-by'), path).toBeNull();
    }
  });

  it('reports whether it is alive and ready, and its metrics', async () => {
    let up = true;
    const { origin } = await served({
      probes: {
        ready: () =>
          up ? Promise.resolve() : Promise.reject(new BrokerError('E_STORE', 'The store is gone.')),
        metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'x 1\n' }),
      },
    });
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    up = false;
    const notReady = await fetch(`${origin}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.text()).not.toContain('gone');
    const metrics = await fetch(`${origin}/metrics`);
    expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4');
    expect(await metrics.text()).toBe('x 1\n');
  });

  it('slows down wrong secrets by client and address, and always accepts the right one', async () => {
    const { vault, origin } = await served({ trustedProxies: ['127.0.0.1'] });
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme']);
    const ask = async (given: string, address: string) => {
      const response = await fetch(`${origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
        headers: {
          authorization: `Basic ${Buffer.from(`ci:${given}`).toString('base64')}`,
          'x-forwarded-for': address,
        },
      });
      const { headers, status } = response;
      return { status, retryAfter: headers.get('retry-after'), challenge: headers.get('www-authenticate') };
    };
    const challenge = 'Basic realm="webex-token", charset="UTF-8"';
    for (let count = 0; count < 5; count += 1) expect((await ask('wrong', '10.0.0.1')).status).toBe(401);
    expect(await ask('wrong', '10.0.0.1')).toEqual({ status: 429, retryAfter: '1', challenge });
    expect((await ask('wrong', '10.0.0.2')).status).toBe(401);
    expect((await ask(secret, '10.0.0.2')).status).toBe(200);
    expect((await ask(secret, '10.0.0.1')).status).toBe(200);
    const rows = await vault.db
      .selectFrom('audit')
      .selectAll()
      .where('outcome', '=', 'invalid_client')
      .orderBy('chain')
      .orderBy('seq')
      .execute();
    expect(rows.map(({ address }) => address)).toEqual([...Array(5).fill('10.0.0.1'), '10.0.0.2']);
  });

  it('ignores an address that a client without a proxy claims', async () => {
    const { vault, origin } = await served();
    await profileWithToken(vault, 'acme');
    const secret = await clientOf(vault, 'ci', ['acme'], { addresses: ['10.0.0.1'] });
    const response = await fetch(`${origin}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'ci', client_secret: secret }),
      headers: { 'x-forwarded-for': '10.0.0.1' },
    });
    expect(response.status).toBe(400);
  });

  it('refuses a stored token that was changed from outside, and returns the others', async () => {
    const api = await served();
    await profileWithToken(api.vault, 'acme');
    const { ciphertext, id } = await api.vault.db
      .selectFrom('token')
      .select(['ciphertext', 'id'])
      .executeTakeFirstOrThrow();
    await profileWithToken(api.vault, 'globex');
    await api.vault.db
      .updateTable('token')
      .set({ ciphertext: `${ciphertext}AAAA` })
      .where('id', '=', id)
      .execute();
    const acme = await clientOf(api.vault, 'acme-client', ['acme']);
    const globex = await clientOf(api.vault, 'globex-client', ['globex']);
    const [broken, whole] = await Promise.all([
      askToken(api, 'acme-client', acme),
      askToken(api, 'globex-client', globex),
    ]);
    expect(broken).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(broken.json.error_description).toContain('integrity check');
    expect(whole.status).toBe(200);
  });

  it('responds with 503 and Retry-After if the store cannot be written', async () => {
    const failing = { run: () => Promise.reject(new Error('disk I/O error')), close: () => {} };
    const { origin, logged } = await served({ reads: failing });
    const answer = await post(`${origin}/oauth/token`, { grant_type: 'client_credentials' }, 'ci:x');
    expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(logged).toHaveLength(1);
  });

  it('responds to malformed requests from raw sockets and continues', async () => {
    const { origin } = await served();
    const { port } = new URL(origin);
    const heads = [
      'POST /oauth/token HTTP/1.1\r\nHost: x\r\nAuthorization: Basic \r\nContent-Length: 0\r\n\r\n',
      'POST //oauth/token HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n',
      'POST /oauth/token?%zz HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n%%%',
      'GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n',
    ];
    for (const head of heads) {
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(head));
        socket.once('data', (data) => {
          resolve(data.toString());
          socket.destroy();
        });
      });
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    }
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });
});
