import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { removeClient, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { clientOf, orgIds, profileWithToken } from '../support/api-server.ts';
import { ask, type RelayServer, relayServer, scimError } from '../support/relay-server.ts';
import { actor, auditLog, today } from '../support/vault/test-vault.ts';

const json = 'application/scim+json';

async function relayRows({ vault }: RelayServer): Promise<string[]> {
  const rows = await vault.db.selectFrom('audit').selectAll().where('action', '=', 'relay').execute();
  return rows.map(({ outcome, profile, client, subject, address }) =>
    [outcome, profile ?? '-', client ?? '-', subject ?? '-', address ?? '-'].join(' '),
  );
}

describe('the relay', () => {
  it('forwards method, path, query and body unchanged, with the Webex token', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    here.upstream.handle = (_request, response, body) => {
      response.writeHead(201, { 'Content-Type': json, ETag: 'W/"1"' }).end(body);
    };
    const body = '{ "userName":"a@example.com", "é": "\\u00e9" }';
    const path = '/scim/acme/Users?filter=userName%20eq%20%22a+b%22&x=%7e&&y';
    const answer = await ask(here, secret, path, {
      method: 'POST',
      body,
      headers: { 'content-type': json, accept: json, 'user-agent': 'Test/1' },
    });
    expect(answer).toMatchObject({ status: 201, body, headers: { etag: 'W/"1"', 'content-type': json } });
    const [arrived] = here.upstream.arrived;
    expect(arrived).toMatchObject({
      method: 'POST',
      url: `/v1/scim/${orgIds.acme}/Users?filter=userName%20eq%20%22a+b%22&x=%7e&&y`,
      body,
      headers: {
        authorization: 'Bearer fake-token-for-acme-1',
        'content-type': json,
        accept: json,
        'user-agent': 'Test/1',
        'content-length': String(Buffer.byteLength(body)),
      },
    });
    expect(await relayRows(here)).toEqual(['ok acme entra POST Users 127.0.0.1']);
  });

  it('returns addresses of the relay', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    const user = (base: string) =>
      `{"displayName":"${here.tenantUrl}/Users/1","meta":{"location":"${base}/Users/1"},"manager":{"$ref":"${base}/Users/2"}}`;
    here.upstream.handle = (_request, response) => {
      response
        .writeHead(201, { 'Content-Type': json, Location: `${here.tenantUrl}/Users/1` })
        .end(user(here.tenantUrl));
    };
    const answer = await ask(here, secret, '/scim/acme/Users/1');
    expect(answer.headers.location).toBe(`${here.relayUrl}/Users/1`);
    expect(answer.body).toBe(user(here.relayUrl));
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
  });

  it('passes 429 and Retry-After, and sends nothing again', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    here.upstream.handle = (_request, response) => {
      response.writeHead(429, { 'Retry-After': '7', 'Content-Type': 'text/plain' }).end('slow down');
    };
    const answer = await ask(here, secret, '/scim/acme/Users');
    expect(answer).toMatchObject({ status: 429, body: 'slow down', headers: { 'retry-after': '7' } });
    expect(here.upstream.arrived).toHaveLength(1);
  });
});

describe('the access to the relay', () => {
  it('refuses a missing, wrong, expired or removed secret with 401', async () => {
    const here = await relayServer();
    const secret = await here.client('entra', { expiresAt: today + dayMs });
    for (const wrong of [null, 'wrong', secret.slice(1), 'x y']) {
      const answer = await ask(here, wrong, '/scim/acme/Users');
      expect(scimError(answer).status).toBe(401);
      const error = wrong === null ? '' : ', error="invalid_token"';
      expect(answer.headers['www-authenticate']).toBe(`Bearer realm="SCIM relay"${error}`);
    }
    expect((await ask(here, secret, '/scim/acme/Users')).status).toBe(200);
    here.vault.setNow(today + dayMs);
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(401);
    here.vault.setNow(today);
    await removeClient(here.vault, 'entra', actor);
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(401);
    expect(here.upstream.arrived).toHaveLength(1);
  });

  it('throttles wrong secrets, never the right one', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    const statuses = [];
    for (let at = 0; at < 8; at += 1)
      statuses.push((await ask(here, `wrong-${at}`, '/scim/acme/Users')).status);
    expect(statuses).toContain(429);
    expect((await ask(here, secret, '/scim/acme/Users')).status).toBe(200);
  });

  it('accepts two secrets during a rotation', async () => {
    const here = await relayServer();
    const first = await here.client('entra');
    const { secret: second } = await rotateClientSecret(here.vault, 'entra', dayMs, actor);
    for (const secret of [first, second]) {
      expect((await ask(here, secret, '/scim/acme/Users')).status).toBe(200);
    }
    here.vault.setNow(today + dayMs);
    expect((await ask(here, first, '/scim/acme/Users')).status).toBe(401);
    expect((await ask(here, second, '/scim/acme/Users')).status).toBe(200);
    const { previousSecretUsedAt } = await here.vault.db
      .selectFrom('client')
      .select('previous_secret_used_at as previousSecretUsedAt')
      .executeTakeFirstOrThrow();
    expect(previousSecretUsedAt).toBe(today);
  });

  it('responds the same for another profile and for one that does not exist', async () => {
    const here = await relayServer();
    await profileWithToken(here.vault, 'globex', { orgId: orgIds.globex });
    const secret = await here.client('entra');
    const [other, none] = await Promise.all([
      ask(here, secret, '/scim/globex/Users'),
      ask(here, secret, '/scim/nobody/Users'),
    ]);
    expect(scimError(other).status).toBe(403);
    expect(none.body).toBe(other.body);
    expect(here.upstream.arrived).toEqual([]);
  });

  it('forwards nothing if someone without the key gave the client more rights', async () => {
    const here = await relayServer();
    const secret = await here.client('entra', { relayRights: 'read' });
    await here.vault.db.updateTable('client').set({ relay_rights: 'all' }).execute();
    const answer = await ask(here, secret, '/scim/acme/Users/1', { method: 'DELETE' });
    expect(scimError(answer).status).toBe(503);
    expect(here.upstream.arrived).toEqual([]);
  });

  it('refuses the secret of an ordinary client', async () => {
    const here = await relayServer();
    const secret = await clientOf(here.vault, 'ci', ['acme']);
    const { status, detail } = scimError(await ask(here, secret, '/scim/acme/Users'));
    expect(status).toBe(403);
    expect(detail).toContain('webex-token client add --relay');
    expect(await auditLog(here.vault)).toContain('relay unauthorized_client -');
  });

  it.each([
    ['read', ['GET', 'HEAD'], ['POST', 'PUT', 'PATCH', 'DELETE']],
    ['write', ['GET', 'HEAD', 'POST', 'PUT', 'PATCH'], ['DELETE']],
    ['all', ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], []],
  ] as const)('lets a client with the rights "%s" send %j, not %j', async (relayRights, may, mayNot) => {
    const here = await relayServer();
    const secret = await here.client('entra', { relayRights });
    const path = (method: string) => (method === 'POST' ? '/scim/acme/Users' : '/scim/acme/Users/1');
    for (const method of may) {
      expect((await ask(here, secret, path(method), { method })).status, method).toBe(200);
    }
    for (const method of mayNot) {
      expect(scimError(await ask(here, secret, path(method), { method })).status, method).toBe(403);
    }
    expect(here.upstream.arrived.map(({ method }) => method)).toEqual(may);
  });

  it('lets a client connect only from its addresses, also behind a trusted proxy', async () => {
    const here = await relayServer({ trustedProxies: ['127.0.0.1'] });
    const secret = await here.client('entra', { addresses: ['10.0.0.0/8'] });
    const from = (address: string) =>
      ask(here, secret, '/scim/acme/Users', { headers: { 'x-forwarded-for': address } });
    expect((await from('10.1.2.3')).status).toBe(200);
    expect(scimError(await from('192.0.2.1')).status).toBe(403);
    expect(scimError(await ask(here, secret, '/scim/acme/Users')).status).toBe(403);
    expect(here.upstream.arrived[0]?.headers).not.toHaveProperty('x-forwarded-for');
  });

  it('refuses other paths with 404 and other methods with 405', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    for (const path of [
      '',
      '/',
      '/Me',
      '/users',
      '/Users/',
      '/Users/1/2',
      '/Bulk',
      '/Users/..',
      '/.search',
    ]) {
      expect(scimError(await ask(here, secret, `/scim/acme${path}`)).status, path).toBe(404);
    }
    for (const [method, path] of [
      ['DELETE', '/Users'],
      ['POST', '/Users/1'],
      ['PUT', '/Schemas/x'],
      ['OPTIONS', '/Users'],
      ['TRACE', '/Users'],
    ] as const) {
      const answer = await ask(here, secret, `/scim/acme${path}`, { method });
      expect(scimError(answer).status, method).toBe(405);
      expect(answer.headers.allow).toContain('GET, HEAD');
    }
    expect(here.upstream.arrived).toEqual([]);
  });

  it('refuses pages of other sites', async () => {
    const here = await relayServer();
    const secret = await here.client('entra');
    const answer = await ask(here, secret, '/scim/acme/Users', {
      headers: { origin: 'https://evil.example' },
    });
    expect(scimError(answer).status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });
});
