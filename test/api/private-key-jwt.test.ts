import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { parsePublicKeys } from '../../src/vault/client-keys.ts';
import { rotateClientSecret } from '../../src/vault/clients.ts';
import { actor, today } from '../vault/vaults.ts';
import { clientOf, post, profileWithToken, served } from './served.ts';

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const seconds = Math.floor(today / 1000);

async function ready(alg = 'ES256') {
  const api = await served();
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
  return { ...api, sign, ask, privateKey };
}

test.each(['ES256', 'RS256', 'PS256', 'EdDSA'])('%s: the token', async (alg) => {
  const { sign, ask } = await ready(alg);
  expect(await ask(await sign())).toMatchObject({
    status: 200,
    json: { access_token: 'fake-token-for-acme-1' },
  });
});

test('the audience may be the issuer, and client_id the client', async () => {
  const { sign, ask, origin } = await ready();
  expect((await ask(await sign({ aud: origin }))).status).toBe(200);
  expect((await ask(await sign({ aud: [origin, 'https://elsewhere.example'] }))).status).toBe(200);
  expect((await ask(await sign(), { client_id: 'ci' })).status).toBe(200);
  expect((await ask(await sign(), { client_id: 'other' })).status).toBe(401);
});

test.each([
  ['no jti', { jti: undefined }, /jti/],
  ['no exp', { exp: undefined }, /exp/],
  ['another audience', { aud: 'https://elsewhere.example' }, /aud has to be/],
  ['another issuer', { iss: 'other' }, /iss and sub/],
  ['an expired one', { exp: seconds - 60 }, /expired/],
  ['one that is good for a day', { exp: seconds + 86_400 }, /more than an hour/],
  ['one from the future', { nbf: seconds + 600 }, /nbf/],
  ['a jti that is no text', { jti: 7 }, /jti/],
])('%s is refused, and said', async (_name, changes, description) => {
  const { sign, ask } = await ready();
  const answer = await ask(await sign(changes));
  expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
  expect(answer.json.error_description).toMatch(description);
});

test('one assertion works once, also when it comes twice at the same time', async () => {
  const { sign, ask } = await ready();
  const assertion = await sign();
  const answers = await Promise.all([assertion, assertion, assertion].map((each) => ask(each)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  expect((await ask(assertion)).json.error_description).toMatch(/used before/);
});

test('another key, no signature, and a signature made with the public key as a secret are refused', async () => {
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
  const hmac = await new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(jwks ?? ''));
  expect((await ask(hmac)).json.error_description).toMatch(/alg has to be/);
  expect((await ask('not.a.jwt')).status).toBe(401);
});

test('a client with keys has no secret, and one with a secret no keys', async () => {
  const { vault, origin, sign, ask } = await ready();
  await expect(rotateClientSecret(vault, 'ci', 0, actor)).rejects.toThrow(/has keys/);
  const secret = await clientOf(vault, 'other', ['acme']);
  expect(
    (await post(`${origin}/oauth/token`, { grant_type: 'client_credentials' }, `ci:${secret}`)).status,
  ).toBe(401);
  expect((await ask(await sign({ iss: 'other', sub: 'other' }))).status).toBe(401);
});

test('only strong public keys are registered', async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const kept = JSON.parse(parsePublicKeys(JSON.stringify({ ...(await exportJWK(publicKey)), note: 'x' })));
  expect(Object.keys(kept.keys[0]).sort()).toEqual(['e', 'kty', 'n']);
  const refused = async (key: unknown, reason: RegExp) =>
    expect(() => parsePublicKeys(JSON.stringify({ keys: [key] }))).toThrow(reason);
  await refused(await exportJWK(privateKey), /private key/);
  await refused({ kty: 'oct', k: 'AAAA' }, /no public keys/);
  await refused({ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, /cannot be used/);
  expect(() => parsePublicKeys('{')).toThrow(/not JSON/);
});
