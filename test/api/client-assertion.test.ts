import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkAssertion, subjectOf } from '../../src/api/client-auth/assertion.ts';

const now = Date.UTC(2027, 0, 1) + 500;
const seconds = Math.floor(now / 1000);
const audiences = ['https://broker.example', 'https://broker.example/oauth/token'];

const claims = { iss: 'ci', sub: 'ci', aud: 'https://broker.example', jti: 'one', exp: seconds + 60 };
let jwks = '';
let privateKey: CryptoKey;
let otherKey: CryptoKey;

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  otherKey = (await generateKeyPair('ES256')).privateKey;
  privateKey = pair.privateKey;
  jwks = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'first' }] });
});

const sign = (changes: Record<string, unknown> = {}, header = {}, key = privateKey) =>
  new SignJWT({ ...claims, ...changes }).setProtectedHeader({ alg: 'ES256', ...header }).sign(key);
const check = (jwt: string, keys = jwks) => checkAssertion(jwt, 'ci', { jwks: keys, audiences, now });

describe('checkAssertion', () => {
  it('accepts an assertion until it expires, plus the tolerated clock difference', async () => {
    for (const [exp, end] of [
      [seconds + 60, seconds + 90],
      [seconds + 59.25, seconds + 90],
      [seconds - 28.5, seconds + 2],
      [seconds + 3600 + 30.5, seconds + 3600 + 61],
    ]) {
      expect(await check(await sign({ exp }))).toMatchObject({
        ok: true,
        assertion: { expiresAt: Number(end) * 1000 },
      });
    }
  });

  it('returns the SHA-256 of its jti', async () => {
    const jtiHash = 'dpLDrTVAu4A8Ags67mbNiIcSMjTqDG5xQ8Ct1z_0Me0';
    expect(await check(await sign())).toMatchObject({ assertion: { jtiHash } });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['an expired one', { exp: seconds - 30 }, 'it has expired: check the clock'],
    [
      'one that lives longer than an hour',
      { exp: seconds + 3632 },
      'its exp is more than an hour in the future: shorten its lifetime, or check the clock',
    ],
    ['another audience', { aud: 'x' }, `its aud must be ${audiences.join(' or ')}`],
    ['a later nbf', { nbf: seconds + 40 }, 'its nbf is in the future: check the clock'],
    ['another iss', { iss: 'x' }, 'its iss and sub must both be the client_id'],
    ['another sub', { sub: 'x' }, 'its iss and sub must both be the client_id'],
    ['no exp', { exp: undefined }, 'its claim exp is missing or wrong'],
    ['an empty jti', { jti: '' }, 'its jti must be a string of up to 256 characters'],
    ['a long jti', { jti: 'j'.repeat(257) }, 'its jti must be a string of up to 256 characters'],
    ['a jti that is a list', { jti: ['one'] }, 'its jti must be a string of up to 256 characters'],
  ])('refuses %s and says why', async (_, changes, why) => {
    expect(await check(await sign(changes))).toEqual({ ok: false, why });
  });

  it('accepts a jti of 256 characters', async () => {
    expect(await check(await sign({ jti: 'j'.repeat(256) }))).toMatchObject({ ok: true });
  });

  it('refuses the signature of another key, regardless of its ID', async () => {
    const why = 'its signature was not made with a registered key';
    for (const header of [{}, { kid: 'first' }, { kid: 'other' }]) {
      expect(await check(await sign({}, header, otherKey))).toEqual({ ok: false, why });
      expect(await check(await sign({}, header))).toMatchObject({ ok: true });
    }
    expect(await check('a.b.c')).toEqual({ ok: false, why });
  });

  it('tries each key that may match', async () => {
    const pair = () => generateKeyPair('ES256', { extractable: true });
    const [first, second] = await Promise.all([pair(), pair()]);
    const keys = await Promise.all([first, second].map(({ publicKey }) => exportJWK(publicKey)));
    const both = JSON.stringify({ keys });
    expect(await check(await sign({}, {}, first.privateKey), both)).toMatchObject({ ok: true });
    expect(await check(await sign({}, {}, second.privateKey), both)).toMatchObject({ ok: true });
    expect(await check(await sign({}, {}, otherKey), both)).toMatchObject({
      why: 'its signature was not made with a registered key',
    });
    expect(await check(await sign({ exp: seconds - 60 }, {}, second.privateKey), both)).toMatchObject({
      why: 'it has expired: check the clock',
    });
  });

  it('refuses an algorithm that no registered key has, and one with a shared secret', async () => {
    const rsa = (await generateKeyPair('RS256')).privateKey;
    expect(await check(await sign({}, { alg: 'RS256' }, rsa))).toEqual({
      ok: false,
      why: 'no registered key matches its alg',
    });
    const shared = new TextEncoder().encode(jwks);
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(shared);
    expect(await check(hmac)).toMatchObject({ why: expect.stringMatching(/^its alg must be one of RS256 /) });
  });

  it.each(['null', '{}', '{"keys":7}', '{"keys":[{},7]}', '[]'])(
    'reports damaged keys in the store: %s',
    async (keys) => {
      await expect(check(await sign(), keys)).rejects.toThrow('column jwks of a row in the table client');
    },
  );
});

describe('subjectOf', () => {
  it('returns the sub of a JWT, and null for anything else', async () => {
    expect(subjectOf(await sign())).toBe('ci');
    expect(subjectOf(await sign({ sub: 7 }))).toBeNull();
    expect(subjectOf('a.b.c')).toBeNull();
  });
});
