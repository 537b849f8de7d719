import { describe, expect, it } from 'vitest';
import { dayMs } from '../../src/domain/lifetimes.ts';
import { removeClient, rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { removeProfile } from '../../src/vault/profiles/profiles.ts';
import { askToken, clientOf, orgIds, post, profileWithToken, served } from '../support/api-server.ts';
import { forFile } from '../support/for-file.ts';
import { engine } from '../support/store/engines.ts';
import { actor, auditLog, markRejected, today } from '../support/vault/test-vault.ts';

const grant = { grant_type: 'client_credentials' };
const scopes = 'spark:people_read spark:people_write Identity:SCIM';

async function ready() {
  const api = await served();
  const token = await profileWithToken(api.vault, 'acme');
  const secret = await clientOf(api.vault, 'ci', ['acme']);
  return { ...api, token, secret };
}

/** For the tests that only send requests; with a profile `globex` too, and a client of both. */
const shared = forFile(async () => {
  const api = await ready();
  await profileWithToken(api.vault, 'globex', { orgId: orgIds.globex });
  return { ...api, both: await clientOf(api.vault, 'both', ['acme', 'globex']) };
});

describe('the token endpoint', () => {
  it('returns the token, its scopes and the time left for client_secret_basic', async () => {
    const api = await ready();
    const answer = await askToken(api, 'ci', api.secret);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      access_token: api.token,
      token_type: 'Bearer',
      expires_in: 3_600,
      scope: scopes,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('pragma')).toBe('no-cache');
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(await auditLog(api.vault)).toContain('read ok acme');

    api.vault.setNow(today + 3_887_999_000 - 100_000);
    expect((await askToken(api, 'ci', api.secret)).json.expires_in).toBe(100);
  });

  it.each([60, 7_200, 100_000_000])(
    'returns an expires_in of at most %i seconds if the client is limited to it',
    async (maxExpiresIn) => {
      const api = await ready();
      const secret = await clientOf(api.vault, 'told', ['acme'], { maxExpiresIn });
      const answer = await askToken(api, 'told', secret);
      expect(answer.json.expires_in).toBe(Math.min(maxExpiresIn, 3_887_999));
    },
  );

  it('accepts client_secret_post', async () => {
    const { origin, token, secret } = shared();
    const answer = await post(`${origin}/oauth/token`, { ...grant, client_id: 'ci', client_secret: secret });
    expect(answer).toMatchObject({ status: 200, json: { access_token: token } });
  });

  it('decodes the form encoding inside client_secret_basic (RFC 6749, section 2.3.1)', async () => {
    const { origin, secret } = shared();
    const encoded = [...`ci`].map((each) => `%${each.charCodeAt(0).toString(16)}`).join('');
    expect((await post(`${origin}/oauth/token`, grant, `${encoded}:${secret}`)).status).toBe(200);
    const malformed = await post(`${origin}/oauth/token`, grant, `%zz:${secret}`);
    expect(malformed).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });

  it('responds the same to wrong credentials and an unknown client: 401, invalid_client, WWW-Authenticate', async () => {
    const api = await ready();
    const wrong = await askToken(api, 'ci', `${api.secret}x`);
    const unknown = await askToken(api, 'nobody', api.secret);
    expect(wrong).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic realm=/);
    expect(unknown.json).toEqual(wrong.json);
    const none = await post(`${api.origin}/oauth/token`, grant);
    expect(none).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
    expect((await auditLog(api.vault)).filter((row) => row === 'read invalid_client -')).toHaveLength(3);
  });

  it.each([
    ['no grant_type', {}, 'invalid_request'],
    ['an empty grant_type', { grant_type: '' }, 'invalid_request'],
    ['password', { grant_type: 'password', username: 'u', password: 'p' }, 'unsupported_grant_type'],
    [
      'a scope that the token does not have',
      { ...grant, scope: 'spark:people_read spark:all' },
      'invalid_scope',
    ],
    ['an unknown resource', { ...grant, resource: 'https://api.ciscospark.com/v1/scim/x' }, 'invalid_target'],
    [
      'a resource of another profile',
      { ...grant, resource: `https://api.ciscospark.com/v1/scim/${orgIds.globex}` },
      'invalid_target',
    ],
  ])('responds to %s with %s', async (_name, form, error) => {
    const api = shared();
    const answer = await post(
      `${api.origin}/oauth/token`,
      form as Record<string, string>,
      `ci:${api.secret}`,
    );
    expect(answer).toMatchObject({ status: 400, json: { error } });
    expect(String(answer.json.error_description)).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    expect((await auditLog(api.vault)).at(-1)).toBe(
      `read ${error} -`.replace('invalid_scope -', 'invalid_scope acme'),
    );
  });

  it('grants all scopes of the token if only some are requested', async () => {
    const api = shared();
    const answer = await askToken(api, 'ci', api.secret, { scope: 'Identity:SCIM' });
    expect(answer).toMatchObject({ status: 200, json: { scope: scopes } });
  });

  it('refuses two authentication methods, repeated parameters and other bodies', async () => {
    const { origin, secret } = shared();
    const url = `${origin}/oauth/token`;
    const basic = `ci:${secret}`;
    const invalid = { status: 400, json: { error: 'invalid_request' } };
    const other = { ...grant, client_id: 'ci', client_secret: `${secret}x` };
    expect(await post(url, other, basic)).toMatchObject(invalid);
    expect(await post(url, { ...grant, client_assertion: 'x' }, basic)).toMatchObject(invalid);
    expect(await post(url, { ...grant, client_id: 'other' }, basic)).toMatchObject(invalid);
    expect(await post(url, { ...grant, client_id: 'ci' }, basic)).toMatchObject({ status: 200 });
    expect(await post(url, 'grant_type=client_credentials&scope=a&scope=a', basic)).toMatchObject(invalid);
    expect(await post(url, 'grant_type=client_credentials&scope=%', basic)).toMatchObject(invalid);
    const response = await fetch(url, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(400);
    const huge = await post(url, `${'x'.repeat(40_000)}=1`, basic);
    expect(huge).toMatchObject({ status: 413, json: { error: 'invalid_request' } });
  });

  it('accepts the same credentials in the header and the body, as Entra ID sends them', async () => {
    const { origin, secret } = shared();
    const url = `${origin}/oauth/token`;
    const body = { ...grant, client_secret: secret };
    for (const more of [{ client_id: 'ci' }, {}]) {
      expect((await post(url, { ...body, ...more }, `ci:${secret}`)).status).toBe(200);
    }
    expect((await post(url, { ...body, client_id: 'other' }, `ci:${secret}`)).status).toBe(400);
  });

  it.each([
    ['the same one twice', (url: string) => [url, url]],
    [
      'twice, written differently',
      (url: string) => [url, `${url.toUpperCase().replace('/V1/SCIM', '/v1/scim')}/`],
    ],
    ['scheme and host in another case', (url: string) => [url.replace('https://api', 'HTTPS://API')]],
    ['with the default port', (url: string) => [url.replace('.com/', '.com:443/')]],
    ['with a slash at its end', (url: string) => [`${url}/`]],
    [
      'all of it',
      (url: string) => [`${url.replace('https://api.ciscospark.com', 'hTTps://API.CiscoSpark.COM:443')}/`],
    ],
    ['letters percent-encoded', (url: string) => [url.replace('scim', '%73cim').replaceAll('-', '%2d')]],
  ])('finds the profile by a resource: %s', async (_name, resources) => {
    const api = shared();
    const url = `https://api.ciscospark.com/v1/scim/${orgIds.globex}`;
    const form = [...Object.entries(grant), ...resources(url).map((resource) => ['resource', resource])];
    const answer = await post(`${api.origin}/oauth/token`, form, `both:${api.both}`);
    expect(answer).toMatchObject({ status: 200, json: { access_token: 'fake-token-for-globex-1' } });
  });

  it.each([
    ['http://api.ciscospark.com/v1/scim/'],
    ['https://api.ciscospark.com:8443/v1/scim/'],
    ['https://user@api.ciscospark.com/v1/scim/'],
    ['https://api.ciscospark.com/V1/scim/'],
    ['https://api.ciscospark.com.evil.example/v1/scim/'],
    ['/v1/scim/'],
    [''],
  ])('refuses another resource: %s', async (before) => {
    const api = shared();
    const answer = await askToken(api, 'ci', api.secret, { resource: before + orgIds.acme });
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
    for (const after of ['#x', '?x', '\t', ' x']) {
      const resource = `https://api.ciscospark.com/v1/scim/${orgIds.acme}${after}`;
      expect((await askToken(api, 'ci', api.secret, { resource })).json.error).toBe('invalid_target');
    }
  });

  it('ignores credentials in the URL', async () => {
    const { origin, secret } = shared();
    const answer = await post(`${origin}/oauth/token?client_id=ci&client_secret=${secret}`, grant);
    expect(answer.status).toBe(401);
  });

  it('selects one of several profiles by its tenant URL', async () => {
    const api = shared();
    const unnamed = await askToken(api, 'both', api.both);
    expect(unnamed).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
    for (const profile of ['acme', 'globex'] as const) {
      const resource = `https://api.ciscospark.com/v1/scim/${orgIds[profile]}`;
      for (const each of [resource, `${resource}/`]) {
        const answer = await askToken(api, 'both', api.both, { resource: each });
        expect(answer.json.access_token).toBe(`fake-token-for-${profile}-1`);
      }
    }
    const two = `grant_type=client_credentials&resource=https://a.example&resource=https://b.example`;
    const answer = await post(`${api.origin}/oauth/token`, two, `both:${api.both}`);
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } });
  });

  it('says when a token expired, and how to renew it', async () => {
    const api = await ready();
    api.vault.setNow(today + 50 * dayMs);
    const answer = await askToken(api, 'ci', api.secret);
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    const since = new Date(today + 3_887_999_000).toISOString();
    expect(answer.json.error_description).toContain(`expired at ${since}`);
    expect(answer.json.error_description).toContain('webex-token login acme');
    expect((await auditLog(api.vault)).at(-1)).toBe('read invalid_grant acme');
  });

  it('does not return a token in its last seconds, and never an expires_in of 0', async () => {
    const api = await ready();
    const end = today + 3_887_999_000;
    for (const [left, status] of [
      [60_000, 200],
      [5_000, 200],
      [4_999, 400],
      [999, 400],
      [1, 400],
      [0, 400],
    ] as const) {
      api.vault.setNow(end - left);
      const answer = await askToken(api, 'ci', api.secret);
      expect(answer.status, `${left} ms`).toBe(status);
      if (status === 200) expect(answer.json.expires_in).toBe(left / 1000);
      else expect(answer.json.error).toBe('invalid_grant');
    }
  });

  it('does not return a token that Webex rejected', async () => {
    const api = await ready();
    await markRejected(api.vault, today);
    const answer = await askToken(api, 'ci', api.secret);
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(answer.json.error_description).toContain('rejected');
  });

  it('refuses a client whose profile was removed and an expired client', async () => {
    const api = await ready();
    const ending = await clientOf(api.vault, 'ending', ['acme'], { expiresAt: today + dayMs });
    expect((await askToken(api, 'ending', ending)).status).toBe(200);
    api.vault.setNow(today + dayMs);
    expect(await askToken(api, 'ending', ending)).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    });
    await removeProfile(api.vault, 'acme', actor);
    const answer = await askToken(api, 'ci', api.secret);
    expect(answer).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
  });

  it('refuses a client at an address that it may not use', async () => {
    const api = await ready();
    const here = await clientOf(api.vault, 'here', ['acme'], { addresses: ['127.0.0.0/8', '10.0.0.1'] });
    const elsewhere = await clientOf(api.vault, 'elsewhere', ['acme'], { addresses: ['10.0.0.0/8', '::1'] });
    expect((await askToken(api, 'here', here)).status).toBe(200);
    const answer = await askToken(api, 'elsewhere', elsewhere);
    expect(answer).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
    expect(answer.json.error_description).toContain('127.0.0.1');
  });

  it('accepts a new secret and, for the given time, the old one', async () => {
    const api = await ready();
    const { secret } = await rotateClientSecret(api.vault, 'ci', dayMs, actor);
    expect((await askToken(api, 'ci', secret)).status).toBe(200);
    expect((await askToken(api, 'ci', api.secret)).status).toBe(200);
    api.vault.setNow(today + dayMs);
    expect((await askToken(api, 'ci', secret)).status).toBe(200);
    expect((await askToken(api, 'ci', api.secret)).status).toBe(401);

    const { secret: third } = await rotateClientSecret(api.vault, 'ci', 0, actor);
    expect((await askToken(api, 'ci', third)).status).toBe(200);
    expect((await askToken(api, 'ci', secret)).status).toBe(401);
  });

  it('returns no token once the removal of the client has been confirmed', async () => {
    const api = await ready();
    let removed = false;
    const late: number[] = [];
    let early = 0;
    const reader = async () => {
      for (let afterwards = 0; afterwards < 3; ) {
        const after = removed;
        if (after) afterwards += 1;
        const { status } = await askToken(api, 'ci', api.secret);
        if (status === 200 && after) late.push(afterwards);
        if (status === 200) early += 1;
      }
    };
    const readers = Array.from({ length: 30 }, reader);
    while (early < 50) await new Promise((resolve) => setImmediate(resolve));
    await removeClient(api.vault, 'ci', actor);
    removed = true;
    await Promise.all(readers);
    expect(late).toEqual([]);
    expect(early).toBeGreaterThan(49);
    const log = await auditLog(api.vault);
    // On PostgreSQL, the chains of two writers have no order within the same millisecond.
    const end = engine === 'sqlite' ? log.indexOf('client-remove ok -') : log.length;
    expect(log.slice(end).filter((row) => row === 'read ok acme')).toEqual([]);
    expect(log.filter((row) => row === 'read ok acme').length).toBeGreaterThanOrEqual(early);
  });

  it('refuses GET', async () => {
    const { origin } = await ready();
    const response = await fetch(`${origin}/oauth/token`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  it('returns no token and no introspection for the secret of a relay client', async () => {
    const api = await served();
    const token = await profileWithToken(api.vault, 'acme');
    const secret = await clientOf(api.vault, 'entra', ['acme'], { relayRights: 'all' });
    const refused = { status: 400, json: { error: 'unauthorized_client' } };
    expect(await askToken(api, 'entra', secret)).toMatchObject(refused);
    expect(await post(`${api.origin}/oauth/introspect`, { token }, `entra:${secret}`)).toMatchObject(refused);
    expect((await auditLog(api.vault)).join()).toContain('read unauthorized_client');
  });
});
