import { randomUUID } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ApiOptions } from '../../src/api/app.ts';
import { parseJwks } from '../../src/vault/clients/client-jwks.ts';
import { rotateClientSecret } from '../../src/vault/clients/clients.ts';
import { clientOf, post, profileWithToken, served } from '../support/api-server.ts';
import { forFile } from '../support/for-file.ts';
import { actor, today } from '../support/vault/test-vault.ts';

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const seconds = Math.floor(today / 1000);

async function ready(alg = 'ES256', options: Omit<Partial<ApiOptions>, 'vault'> = {}) {
  const api = await served(options);
  await profileWithToken(api.vault, 'acme');
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  await clientOf(api.vault, 'ci', ['acme'], { jwks: JSON.stringify({ keys: [await exportJWK(publicKey)] }) });
  let count = 0;
  const claims = (): JWTPayload => ({
    iss: 'ci',
    sub: 'ci',
    aud: `${api.origin}/oauth/token`,
    jti: `assertion ${++count}`,
    iat: seconds,
    exp: seconds + 60,
  });
  const sign = (changes: Record<string, unknown> = {}) =>
    new SignJWT({ ...claims(), ...changes }).setProtectedHeader({ alg }).sign(privateKey);
  const ask = (assertion: string, more: Record<string, string> = {}) =>
    post(`${api.origin}/oauth/token`, {
      grant_type: 'client_credentials',
      client_assertion_type: type,
      client_assertion: assertion,
      ...more,
    });
  /** `text`: the last claims, as JSON text. */
  const askText = async (last: string) => {
    const { exp, iat, ...rest } = claims();
    const text = `${JSON.stringify(rest).slice(0, -1)},${last}}`;
    const signer = new CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ alg });
    return await ask(await signer.sign(privateKey));
  };
  return { ...api, sign, ask, askText, privateKey };
}

/** For the tests that only send assertions. */
const shared = forFile(() => ready());

describe('private_key_jwt', () => {
  it.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('accepts an assertion signed with %s', async (alg) => {
    const { sign, ask } = await ready(alg);
    expect(await ask(await sign())).toMatchObject({
      status: 200,
      json: { access_token: 'fake-token-for-acme-1' },
    });
  });

  it('accepts the issuer as the audience, and the client as client_id', async () => {
    const { sign, ask, origin } = shared();
    expect((await ask(await sign({ aud: origin }))).status).toBe(200);
    expect((await ask(await sign({ aud: [origin, 'https://elsewhere.example'] }))).status).toBe(200);
    expect((await ask(await sign(), { client_id: 'ci' })).status).toBe(200);
    expect(await ask(await sign(), { client_id: 'other' })).toMatchObject({
      status: 401,
      json: { error_description: expect.stringContaining('client_id differs from the sub') },
    });
  });

  it.each([
    ['no jti', { jti: undefined }, /jti/],
    ['no exp', { exp: undefined }, /exp/],
    ['another audience', { aud: 'https://elsewhere.example' }, /aud must be/],
    ['another issuer', { iss: 'other' }, /iss and sub/],
    ['an expired one', { exp: seconds - 60 }, /expired/],
    ['one that is valid for a day', { exp: seconds + 86_400 }, /more than an hour/],
    ['one from the future', { nbf: seconds + 600 }, /nbf/],
    ['a jti that is not text', { jti: 7 }, /jti/],
  ])('refuses an assertion with %s, and names the claim', async (_name, changes, description) => {
    const { sign, ask } = shared();
    const response = await ask(await sign(changes));
    expect(response).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
    expect(response.json.error_description).toMatch(description);
  });

  /** Text of JSON, as no library would sign it. */
  const numericDates: [text: string, status: number][] = [
    [`${seconds + 60}.0001234`, 200],
    [`${seconds + 60}.999999999`, 200],
    [`${seconds / 1000 + 0.06}e3`, 200],
    [`${(seconds + 60) * 10}E-1`, 200],
    [`${seconds - 29}.5`, 200],
    [`${seconds - 31}.5`, 401],
    ['1e400', 401],
    ['-1e400', 401],
    ['1e308', 401],
    ['9007199254740993', 401],
    ['-1', 401],
    ['0', 401],
    [`"${seconds + 60}"`, 401],
    ['null', 401],
    ['[1]', 401],
  ];

  it.each(numericDates)('responds to exp %s with %i, and stores only whole numbers', async (exp, status) => {
    const { askText, vault } = shared();
    const stored = () => vault.db.selectFrom('client_assertion').select('expires_at').execute();
    const before = await stored();
    const response = await askText(`"exp":${exp}`);
    expect(response.status).toBe(status);
    const rows = await stored();
    expect(rows.length - before.length).toBe(status === 200 ? 1 : 0);
    expect(rows.every(({ expires_at }) => Number.isSafeInteger(expires_at))).toBe(true);
  });

  it.each(['1.5', '1e400', '-1e400', '"now"', 'null', '{}'])(
    'does not fail on iat and nbf with the value %s',
    async (value) => {
      const { askText } = shared();
      for (const claim of ['iat', 'nbf']) {
        const response = await askText(`"exp":${seconds + 60},"${claim}":${value}`);
        expect([200, 401]).toContain(response.status);
      }
    },
  );

  it('refuses a used assertion in the last fraction of a second and with a wrong clock', async () => {
    const { sign, ask, vault } = await ready();
    const assertion = await sign({ exp: seconds + 60.5 });
    expect((await ask(assertion)).status).toBe(200);
    // Another replica, whose clock is ahead, deletes assertions that it considers expired.
    for (const ahead of [90_600, 3_600_000, 7_200_000]) {
      vault.setNow(today + ahead);
      expect((await ask(await sign({ exp: seconds + ahead / 1000 + 60 }))).status).toBe(200);
      for (const now of [today, today + 60_000, today + 90_999]) {
        vault.setNow(now);
        expect((await ask(assertion)).json.error_description).toMatch(/already used/);
      }
    }
  });

  it('treats the kid as a hint', async () => {
    const api = await served();
    await profileWithToken(api.vault, 'acme');
    const pairs = await Promise.all([1, 2].map(() => generateKeyPair('ES256', { extractable: true })));
    const keys = await Promise.all(pairs.map(({ publicKey }) => exportJWK(publicKey)));
    await clientOf(api.vault, 'plain', ['acme'], { jwks: JSON.stringify({ keys: [keys[0]] }) });
    const named = keys.map((key, at) => ({ ...key, kid: `key-${at}` }));
    await clientOf(api.vault, 'named', ['acme'], { jwks: JSON.stringify({ keys: named }) });
    const ask = async (client: string, key: number, kid?: string | number) => {
      const claims = { iss: client, sub: client, aud: api.origin, jti: randomUUID(), exp: seconds + 60 };
      const header = { alg: 'ES256', ...(kid !== undefined && { kid: kid as string }) };
      const assertion = await new SignJWT(claims)
        .setProtectedHeader(header)
        .sign((pairs[key] as (typeof pairs)[number]).privateKey);
      const form = {
        grant_type: 'client_credentials',
        client_assertion_type: type,
        client_assertion: assertion,
      };
      return (await post(`${api.origin}/oauth/token`, form)).status;
    };
    expect(await ask('plain', 0, 'some-thumbprint')).toBe(200);
    expect(await ask('plain', 1, 'some-thumbprint')).toBe(401);
    for (const key of [0, 1]) {
      expect(await ask('named', key)).toBe(200);
      expect(await ask('named', key, `key-${key}`)).toBe(200);
      expect(await ask('named', key, 'unknown')).toBe(200);
    }
  });

  it('accepts the called endpoint as the audience, at every address of the server', async () => {
    const other = 'http://127.0.0.1:3000';
    const { sign, origin } = await ready('ES256', { origins: [other] });
    const status = async (path: string, aud: string) => {
      const form = {
        grant_type: 'client_credentials',
        token: 'x',
        client_assertion_type: type,
        client_assertion: await sign({ aud }),
      };
      return (await post(origin + path, form)).status;
    };
    for (const path of ['/oauth/token', '/oauth/introspect']) {
      for (const aud of [origin, `${origin}/oauth/token`, origin + path, other, other + path]) {
        expect(await status(path, aud), `${path} ${aud}`).toBe(200);
      }
      for (const aud of ['http://127.0.0.1:3001', `${origin}/`, `${origin}/metrics`]) {
        expect(await status(path, aud), `${path} ${aud}`).toBe(401);
      }
    }
    expect(await status('/oauth/token', `${origin}/oauth/introspect`)).toBe(401);
  });

  it('accepts an assertion once, even if it arrives twice at the same time', async () => {
    const { sign, ask } = shared();
    const assertion = await sign();
    const answers = await Promise.all([assertion, assertion, assertion].map((each) => ask(each)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect((await ask(assertion)).json.error_description).toMatch(/already used/);
  });

  it('refuses another key, no signature, and an HMAC made with the public key', async () => {
    const { sign, ask, origin, vault } = await ready();
    const { privateKey: other } = await generateKeyPair('ES256');
    const payload = { iss: 'ci', sub: 'ci', aud: origin, jti: 'x', exp: seconds + 60 };
    const forged = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(other);
    expect((await ask(forged)).status).toBe(401);
    const [header, body] = (await sign()).split('.');
    expect((await ask(`${header}.${body}.`)).status).toBe(401);
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect((await ask(`${none}.${body}.`)).status).toBe(401);
    const { jwks } = await vault.db.selectFrom('client').select('jwks').executeTakeFirstOrThrow();
    const hmac = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(jwks ?? ''));
    expect((await ask(hmac)).json.error_description).toMatch(/alg must be/);
    expect((await ask('not.a.jwt')).status).toBe(401);
  });

  it('gives a client either keys or a secret', async () => {
    const { vault, origin, sign, ask } = await ready();
    await expect(rotateClientSecret(vault, 'ci', 0, actor)).rejects.toThrow(/has keys/);
    const secret = await clientOf(vault, 'other', ['acme']);
    expect(
      (await post(`${origin}/oauth/token`, { grant_type: 'client_credentials' }, `ci:${secret}`)).status,
    ).toBe(401);
    expect((await ask(await sign({ iss: 'other', sub: 'other' }))).status).toBe(401);
  });

  it('registers only strong public keys', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const kept = JSON.parse(parseJwks(JSON.stringify({ ...(await exportJWK(publicKey)), note: 'x' })));
    expect(Object.keys(kept.keys[0]).sort()).toEqual(['e', 'kty', 'n']);
    const refused = async (key: unknown, reason: RegExp) =>
      expect(() => parseJwks(JSON.stringify({ keys: [key] }))).toThrow(reason);
    await refused(await exportJWK(privateKey), /private key/);
    await refused({ kty: 'oct', k: 'AAAA' }, /does not contain public keys/);
    await refused({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, /is not supported/);
    expect(() => parseJwks('{')).toThrow(/not JSON/);
  });
});
