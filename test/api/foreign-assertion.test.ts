import { errors, generateKeyPair, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  ForeignAssertionError,
  readForeignAssertion,
  verifyForeignAssertion,
} from '../../src/api/client-auth/foreign-assertion.ts';

const now = Date.UTC(2027, 0, 1);
const seconds = now / 1000;
const day = 86_400;
const identity = {
  issuer: 'https://issuer.example',
  subject: 'repo:acme/*',
  audience: 'webex',
  anyScope: false,
};
const claims = {
  ...{ iss: identity.issuer, sub: 'repo:acme/app', aud: 'webex' },
  ...{ iat: seconds - 60, exp: seconds + 600 },
};

function read(changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const jwt = [part({ alg: 'ES256', kid: 'k', ...header }), part({ ...claims, ...changes }), 'x'].join('.');
  return readForeignAssertion(jwt, identity, now);
}

/** The detail for the audit log. */
function detailOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ForeignAssertionError) return error.detail;
    throw error;
  }
  return 'accepted';
}

describe('readForeignAssertion', () => {
  it('returns the ID of the key and when the assertion expires', () => {
    expect(read()).toEqual({ kid: 'k', expiresAt: (seconds + 630) * 1000 });
    expect(read({}, { kid: undefined }).kid).toBeNull();
    expect(read({}, { kid: 'k'.repeat(300) }).kid).toHaveLength(300);
    expect(read({ aud: ['x', 'webex'] })).toMatchObject({ kid: 'k' });
  });

  it('accepts an assertion for a day after it was issued, regardless of its exp', () => {
    expect(read({ exp: seconds + 3 * day }).expiresAt).toBe((seconds - 60 + day + 30) * 1000);
  });

  it('limits the remaining lifetime of an assertion without iat', () => {
    const exp = seconds + day + 30;
    expect(read({ iat: undefined, exp }).expiresAt).toBe((exp + 30) * 1000);
    expect(detailOf(() => read({ iat: undefined, exp: exp + 1 }))).toBe('exp: 2027-01-02T00:00:31.000Z');
  });

  it.each<[string, Record<string, unknown>]>([
    ['exp', { exp: seconds - 29 }],
    ['nbf', { nbf: seconds + 30 }],
    ['iat, in the future', { iat: seconds + 30 }],
    ['iat, a day ago', { iat: seconds - day - 30 }],
  ])('tolerates a clock difference of 30 seconds in %s', (_, changes) => {
    expect(detailOf(() => read(changes))).toBe('accepted');
  });

  it.each<[Record<string, unknown>, string]>([
    [{ iss: 'https://issuer.example/' }, 'iss: https://issuer.example/'],
    [{ iss: undefined }, 'iss: missing'],
    [{ sub: 'repo:other/app' }, 'sub: repo:other/app'],
    [{ sub: undefined }, 'sub: missing'],
    [{ sub: ['repo:acme/app'] }, 'sub: ["repo:acme/app"]'],
    [{ aud: 'x' }, 'aud: x'],
    [{ aud: undefined }, 'aud: missing'],
    [{ aud: ['webex', 7] }, 'aud: ["webex",7]'],
    [{ exp: seconds - 30 }, 'exp: 2026-12-31T23:59:30.000Z'],
    [{ exp: undefined }, 'exp: missing'],
    [{ exp: '1' }, 'exp: 1'],
    [{ nbf: seconds + 31 }, 'nbf: 2027-01-01T00:00:31.000Z'],
    [{ nbf: '1' }, 'nbf: 1'],
    [{ iat: seconds + 31 }, 'iat: 2027-01-01T00:00:31.000Z'],
    [{ iat: seconds - day - 31 }, 'iat: 2026-12-30T23:59:29.000Z'],
    [{ iat: '1' }, 'iat: 1'],
    [{ iat: 8.64e12 }, 'iat: 8640000000000'],
    [{ iat: -1e300 }, 'iat: -1e+300'],
  ])('refuses %o', (changes, detail) => {
    expect(detailOf(() => read(changes))).toBe(detail);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ alg: 'none' }, 'alg: none'],
    [{ alg: 'HS256' }, 'alg: HS256'],
    [{ alg: undefined }, 'alg: none'],
    [{ alg: ['ES256'] }, 'alg: ["ES256"]'],
    [{ crit: ['b64'] }, 'crit: ["b64"]'],
    [{ kid: 7 }, 'kid: 7'],
    [{ kid: 'k/'.repeat(151) }, `kid: ${'k/'.repeat(100)}`],
  ])('refuses the header %o', (header, detail) => {
    expect(detailOf(() => read({}, header))).toBe(detail);
  });

  it('accepts 50 audiences and no more', () => {
    const filled = (length: number) => ['webex', ...Array(length - 1).fill('x')];
    expect(detailOf(() => read({ aud: filled(50) }))).toBe('accepted');
    expect(detailOf(() => read({ aud: filled(51) }))).toMatch(/^aud: /);
  });

  it('refuses a JWT that is too large, and text that is not a JWT', () => {
    const length = 16 * 1024;
    expect(detailOf(() => readForeignAssertion('x'.repeat(length + 1), identity, now))).toBe(
      'size: 16385 bytes',
    );
    for (const text of ['x'.repeat(length), 'a.b.c', '']) {
      expect(detailOf(() => readForeignAssertion(text, identity, now))).toBe('format: not a signed JWT');
    }
  });

  it('shows at most 200 characters of a value in one line', () => {
    const sub = `${'long/'.repeat(50)}\nend`;
    expect(detailOf(() => read({ sub }))).toBe(`sub: ${sub.slice(0, 200)}`);
    expect(detailOf(() => read({ sub: 'a\nb' }))).toBe('sub: a b');
  });
});

describe('verifyForeignAssertion', () => {
  it('distinguishes a missing key from a wrong signature', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const sign = (header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey);
    const noKey = () => Promise.reject(new errors.JWKSNoMatchingKey());
    const other = (await generateKeyPair('ES256')).publicKey;
    const verify = (jwt: string, findKey: Parameters<typeof verifyForeignAssertion>[1]) =>
      verifyForeignAssertion(jwt, findKey, now);
    await expect(verify(await sign(), noKey)).rejects.toThrow(/^kid: no key of the issuer matches$/);
    await expect(verify(await sign({ kid: 'k' }), noKey)).rejects.toThrow(/^kid: k$/);
    await expect(verify(await sign(), () => Promise.resolve(other))).rejects.toThrow(/^signature$/);
  });
});
