import { describe, expect, it } from 'vitest';
import { discoverKeys, IssuerError, readKeys } from '../../src/api/client-auth/issuer-documents.ts';

/** The address of the keys, by the discovery document that real issuers publish. */
async function addressOf(issuer: string, jwksUri: string) {
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = (input) => {
    asked.push(String(input));
    return Promise.resolve(Response.json({ issuer, jwks_uri: jwksUri }));
  };
  const address = await discoverKeys(issuer, { fetch, now: () => 0 });
  return { address, asked };
}

const tenant = 'ce5f061f-abe6-4e40-9615-301f87bcb7f0';

describe('the discovery document of an issuer', () => {
  it.each([
    ['https://token.actions.githubusercontent.com', '/.well-known/jwks'],
    ['https://gitlab.com', '/oauth/discovery/keys'],
    ['https://oidc.eks.eu-west-1.amazonaws.com/id/ABC', '/id/ABC/keys'],
  ])('names keys on its own host: %s', async (issuer, path) => {
    const address = new URL(issuer).origin + path;
    expect(await addressOf(issuer, address)).toEqual({
      address,
      asked: [`${issuer}/.well-known/openid-configuration`],
    });
  });

  it.each([
    [
      `https://login.microsoftonline.com/${tenant}/v2.0`,
      `https://login.microsoftonline.com/${tenant}/discovery/v2.0/keys`,
    ],
    [`https://sts.windows.net/${tenant}/`, 'https://login.microsoftonline.com/common/discovery/keys'],
    [`https://sts.windows.net/${tenant}/`, 'https://login.windows.net/common/discovery/keys'],
    ['https://accounts.google.com', 'https://www.googleapis.com/oauth2/v3/certs'],
    ['https://acme.eu.auth0.com/', 'https://acme.eu.auth0.com/.well-known/jwks.json'],
  ])('may name for %s the keys at %s', async (issuer, address) => {
    const { asked, ...found } = await addressOf(issuer, address);
    expect(found).toEqual({ address });
    // One slash, also after an issuer that ends with one (OpenID Connect Discovery 1.0 §4).
    expect(asked).toEqual([`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`]);
  });

  it.each([
    ['https://token.actions.githubusercontent.com', 'https://www.googleapis.com/oauth2/v3/certs'],
    ['https://accounts.google.com', 'https://www.googleapis.com.evil.example/certs'],
    ['https://accounts.google.com', 'http://www.googleapis.com/oauth2/v3/certs'],
    ['https://gitlab.com', 'https://gitlab.com:8443/oauth/discovery/keys'],
    ['https://gitlab.com', 'http://gitlab.com/oauth/discovery/keys'],
    ['https://gitlab.com', 'https://keys.gitlab.com/oauth/discovery/keys'],
    ['https://gitlab.com', 'http://localhost/keys'],
  ])('must not name for %s the keys at %s', async (issuer, address) => {
    await expect(addressOf(issuer, address)).rejects.toThrow(/is not (on|https)/);
  });
});

describe('the documents of an issuer', () => {
  const issuer = 'https://gitlab.com';
  const answer = (body: unknown, status = 200) => ({
    now: () => 0,
    fetch: (() => Promise.resolve(Response.json(body, { status }))) as typeof globalThis.fetch,
  });
  const at = `${issuer}/.well-known/openid-configuration`;

  it.each([
    [{}, `${at} has no issuer or jwks_uri`],
    [
      { issuer: 'https://x.example', jwks_uri: `${issuer}/k` },
      `${at} belongs to another issuer: https://x.example`,
    ],
    [{ issuer, jwks_uri: 'keys' }, 'the jwks_uri keys of https://gitlab.com is not a plain URL'],
    [{ issuer, jwks_uri: 'https://a@gitlab.com/k' }, 'is not a plain URL'],
    [{ issuer, jwks_uri: 'https://:b@gitlab.com/k' }, 'is not a plain URL'],
    [{ issuer, jwks_uri: 'https://x.example/k' }, 'is not on gitlab.com'],
    [{ issuer, jwks_uri: 'http://localhost/k' }, 'is not https'],
  ])('are refused with a reason: %j', async (body, message) => {
    await expect(discoverKeys(issuer, answer(body))).rejects.toThrow(message);
  });

  it('may be on this machine without TLS, on the same port', async () => {
    const own = 'http://127.0.0.1:8080';
    const discovered = (jwksUri: string) => discoverKeys(own, answer({ issuer: own, jwks_uri: jwksUri }));
    expect(await discovered(`${own}/k`)).toBe(`${own}/k`);
    await expect(discovered('http://127.0.0.1:8081/k')).rejects.toThrow('is not on 127.0.0.1:8080');
    await expect(discovered('http://gitlab.com/k')).rejects.toThrow('is not https');
  });

  it('leave out keys that cannot verify a signature, and have at most a hundred', async () => {
    const good = { kty: 'EC', kid: 'a', crv: 'P-256' };
    const read = (keys: unknown) => readKeys(`${issuer}/k`, answer({ keys }));
    const usable = [good, { kty: 'RSA', n: 'x' }, { kty: 'OKP', crv: 'Ed25519' }];
    expect(await read([...usable, { kty: 'oct', k: 'x' }, { kty: 'RSA', kid: 7 }, 'x'])).toEqual({
      keys: usable,
    });
    expect((await read(Array(100).fill(good))).keys).toHaveLength(100);
    for (const keys of [Array(101).fill(good), 'x', undefined]) {
      await expect(read(keys)).rejects.toThrow(`${issuer}/k is not a key set of at most 100 keys`);
    }
  });

  it('distinguish an issuer that responds from one that does not', async () => {
    const failureOf = async (request: Parameters<typeof readKeys>[1]) => {
      const error = await readKeys(`${issuer}/k`, request).catch((caught: unknown) => caught);
      return error instanceof IssuerError ? error : null;
    };
    const answered = await failureOf(answer({}, 404));
    expect(answered?.hasResponded).toBe(true);
    expect(answered?.message).toBe(`${issuer}/k: not-found (404)`);
    const refused = Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    expect((await failureOf({ now: () => 0, fetch: () => Promise.reject(refused) }))?.hasResponded).toBe(
      false,
    );
  });
});
