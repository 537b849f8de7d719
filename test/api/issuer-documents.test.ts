import { describe, expect, it } from 'vitest';
import { discoverKeys } from '../../src/api/client-auth/issuer-documents.ts';

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
