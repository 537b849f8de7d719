import { generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { askToken, clientOf, post, profileWithToken, served } from '../support/api-server.ts';
import { auditLog, today } from '../support/vault/test-vault.ts';

const grant = { grant_type: 'client_credentials' };
const challenge = 'Basic realm="webex-token", charset="UTF-8"';

async function ready() {
  const api = await served();
  await profileWithToken(api.vault, 'acme');
  const secret = await clientOf(api.vault, 'ci', ['acme']);
  const url = `${api.origin}/oauth/token`;
  /** Those with a count last: on PostgreSQL they are in another chain. */
  const rows = async () => {
    const found = (await auditLog(api.vault)).filter((row) => /^(read|introspect) /.test(row));
    return [...found.filter((row) => !/ more /.test(row)), ...found.filter((row) => / more /.test(row))];
  };
  return { ...api, secret, url, rows };
}

async function authorized(url: string, authorization: string) {
  const body = new URLSearchParams(grant);
  return await fetch(url, { method: 'POST', body, headers: { authorization } });
}

describe('a rejected client authentication', () => {
  it.each([
    ['no credentials', undefined, {}],
    ['a client_id alone', undefined, { client_id: 'ci' }],
    ['another scheme', 'Bearer x', {}],
    ['Basic with nothing', 'Basic', {}],
    ['Basic without a colon', 'Basic Y2k=', {}],
    ['Basic that names nobody', 'Basic Og==', {}],
    ['Basic that is not base64', 'Basic ???', {}],
  ])(
    'gets the challenge each time and does not block the right credentials: %s',
    async (_name, authorization, more) => {
      const { url, secret, rows, vault } = await ready();
      for (let count = 0; count < 12; count += 1) {
        const body = new URLSearchParams({ ...grant, ...more });
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
        const response = await fetch(url, { method: 'POST', body, headers });
        expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, challenge]);
      }
      expect((await authorized(url, `Basic ${btoa(`ci:${secret}`)}`)).status).toBe(200);
      expect(await rows()).toEqual(['read invalid_client -', 'read ok acme']);
      await vault.rejectedCallbacks.close();
      expect(await rows()).toEqual([
        'read invalid_client -',
        'read ok acme',
        'read invalid_client, 11 more -',
      ]);
    },
  );

  it('does not count a malformed, expired or unregistered assertion as a guess', async () => {
    const { url, vault, rows } = await ready();
    const { privateKey } = await generateKeyPair('ES256');
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
      y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    };
    await clientOf(vault, 'keyed', ['acme'], { jwks: JSON.stringify({ keys: [jwk] }) });
    const claims = { iss: 'keyed', sub: 'keyed', aud: url, jti: 'x', exp: today / 1000 - 100 };
    const late = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    for (const assertion of ['x', 'a.b.c', late, `${late}x`]) {
      for (let count = 0; count < 6; count += 1) {
        const response = await post(url, {
          ...grant,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toBe(challenge);
      }
    }
    expect((await rows()).length).toBeLessThanOrEqual(2);
  });

  it('is no longer counted after the right secret from the same address', async () => {
    const api = await ready();
    for (const name of ['ci', 'nobody']) {
      const statuses = async () => {
        const answers = [];
        for (let count = 0; count < 6; count += 1) answers.push((await askToken(api, name, 'wrong')).status);
        return answers;
      };
      expect(await statuses()).toEqual([401, 401, 401, 401, 401, 429]);
      expect((await askToken(api, 'ci', api.secret)).status).toBe(200);
      expect(await statuses()).toEqual([401, 401, 401, 401, 401, 429]);
      expect((await askToken(api, 'ci', api.secret)).status).toBe(200);
    }
  });

  it('is logged once for each reason at first, and as a count later', async () => {
    const { vault, url, rows, origin, ...api } = await ready();
    const before = (await rows()).length;
    for (let count = 0; count < 4; count += 1) {
      expect((await post(url, 'grant_type=%zz')).status).toBe(400);
      expect((await post(url, `${'x'.repeat(40_000)}=1`)).status).toBe(413);
      expect((await post(`${origin}/oauth/introspect`, 'token=a&token=b')).status).toBe(400);
    }
    for (let count = 0; count < 31; count += 1) await askToken({ origin }, 'ci', 'wrong');
    const wrong = Array(5).fill('read invalid_client -');
    const first = ['read invalid_request -', 'introspect invalid_request -', ...wrong, 'read throttled -'];
    expect((await rows()).slice(before)).toEqual(first);
    await vault.rejectedCallbacks.close();
    expect((await rows()).slice(before + first.length).sort()).toEqual([
      'introspect invalid_request, 3 more -',
      'read invalid_request, 7 more -',
      'read throttled, 25 more -',
    ]);
    const more = await vault.db.selectFrom('audit').selectAll().where('outcome', 'like', '% more').execute();
    expect(more.every(({ address }) => address === '127.0.0.1')).toBe(true);
    expect(more.map(({ client }) => client).sort()).toEqual(['ci', null, null]);
    expect((await askToken({ origin }, 'ci', api.secret)).status).toBe(200);
  });

  it.each(['https://evil.example', 'http://localhost:4000', 'null', 'http://127.0.0.1'])(
    'is returned to a page of %s, regardless of its credentials',
    async (origin) => {
      const api = await ready();
      for (const path of ['/oauth/token', '/oauth/introspect']) {
        const response = await fetch(api.origin + path, {
          method: 'POST',
          body: new URLSearchParams({ ...grant, token: 'x' }),
          headers: { origin, authorization: `Basic ${btoa(`ci:${api.secret}`)}` },
        });
        expect(response.status).toBe(403);
        expect(response.headers.get('access-control-allow-origin')).toBeNull();
      }
      expect(await api.rows()).toEqual(['read invalid_request -', 'introspect invalid_request -']);
    },
  );
});
