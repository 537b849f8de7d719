import { describe, expect, it } from 'vitest';
import { removeClient } from '../../src/vault/clients/clients.ts';
import { post } from '../support/api-server.ts';
import { actor, auditLog, today } from '../support/vault/test-vault.ts';
import { assertionType, seconds, servedWithIssuer } from '../support/workload-client.ts';
import {
  entraClaims,
  githubClaims,
  gitlabClaims,
  kubernetesClaims,
  startWorkloadIssuer,
} from '../support/workload-issuer.ts';

const token = 'fake-token-for-acme-1';
const tenant = 'ce5f061f-abe6-4e40-9615-301f87bcb7f0';

describe('the token endpoint with a workload identity', () => {
  it.each([
    ['GitHub Actions', githubClaims, {}, {}],
    ['GitLab CI', gitlabClaims, { jwksPath: '/oauth/discovery/keys' }, {}],
    ['Kubernetes', kubernetesClaims, { jwksPath: '/openid/v1/jwks' }, {}],
    [
      'Entra ID',
      entraClaims,
      { path: `/${tenant}/v2.0`, jwksPath: `/${tenant}/discovery/v2.0/keys` },
      { audience: 'api://b5ba7a93-4452-4522-aeb4-a2b5da870c16/.default', anyScope: true },
    ],
  ])('returns the token for the JWT of %s', async (_name, claims, options, identity) => {
    const issuer = await startWorkloadIssuer(options);
    const { sign, ask, vault } = await servedWithIssuer({ issuer, claims, identity });
    const more = 'anyScope' in identity ? { scope: 'scim' } : {};
    expect(await ask(await sign(), more)).toMatchObject({
      status: 200,
      json: { access_token: token, token_type: 'Bearer', expires_in: 3600 },
    });
    expect(await auditLog(vault)).toContain('read ok acme');
  });

  it('accepts a JWT again until it expires, and fetches the keys of its issuer once', async () => {
    const { sign, ask, vault, issuer } = await servedWithIssuer();
    const assertion = await sign();
    expect((await ask(assertion)).status).toBe(200);
    vault.setNow(today + 299_000);
    expect((await ask(assertion)).status).toBe(200);
    vault.setNow(today + 331_000);
    expect((await ask(assertion)).status).toBe(401);
    expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/.well-known/jwks']);
  });

  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('accepts a JWT signed with %s', async (alg) => {
    const issuer = await startWorkloadIssuer({ alg });
    const { sign, ask } = await servedWithIssuer({ issuer });
    expect((await ask(await sign())).status).toBe(200);
  });

  it('accepts every subject that the registered one matches', async () => {
    const { sign, ask } = await servedWithIssuer({
      identity: { subject: 'repo:acme/*:ref:refs/heads/main' },
    });
    expect((await ask(await sign({ sub: 'repo:acme/other:ref:refs/heads/main' }))).status).toBe(200);
    expect((await ask(await sign({ sub: 'repo:acme/other:ref:refs/heads/x' }))).status).toBe(401);
  });

  it.each([
    ['iss', { iss: 'https://issuer.example' }, 'iss: https://issuer.example'],
    ['iss', { iss: undefined }, 'iss: missing'],
    ['sub', { sub: 'repo:acme/other:ref:refs/heads/main' }, 'sub: repo:acme/other:ref:refs/heads/main'],
    ['sub', { sub: 7 }, 'sub: 7'],
    ['aud', { aud: 'https://github.com/acme' }, 'aud: https://github.com/acme'],
    ['aud', { aud: undefined }, 'aud: missing'],
    ['exp', { exp: undefined }, 'exp: missing'],
    ['exp', { exp: seconds - 31 }, 'exp: 2027-02-28T23:59:29.000Z'],
    ['nbf', { nbf: seconds + 31 }, 'nbf: 2027-03-01T00:00:31.000Z'],
    ['iat', { iat: seconds + 31 }, 'iat: 2027-03-01T00:00:31.000Z'],
    ['iat', { iat: seconds - 86_431, exp: seconds + 60 }, 'iat: 2027-02-27T23:59:29.000Z'],
    ['exp', { iat: undefined, exp: seconds + 90_000 }, 'exp: 2027-03-02T01:00:00.000Z'],
  ])('refuses a wrong %s: the log names it, the caller gets no detail', async (_claim, changes, detail) => {
    const { sign, ask, lastEntry, issuer } = await servedWithIssuer();
    const response = await ask(await sign(changes));
    expect(response).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
    expect(response.json.error_description).toMatch(/^Unknown client, or wrong credentials/);
    expect(await lastEntry()).toMatchObject({
      outcome: 'invalid_client',
      client: 'ci',
      profile: null,
      subject: detail,
    });
    // No request is sent to the issuer.
    expect(issuer.requests).toEqual([]);
  });

  it('refuses the signature of another key with the same ID, and logs it', async () => {
    const { ask, lastEntry, claims } = await servedWithIssuer();
    const other = await startWorkloadIssuer();
    expect((await ask(await other.sign(claims()))).status).toBe(401);
    expect(await lastEntry()).toMatchObject({ outcome: 'invalid_client', subject: 'signature' });
  });

  it('accepts a lifetime of more than an hour, and tolerates a clock difference', async () => {
    const { sign, ask } = await servedWithIssuer();
    expect((await ask(await sign({ exp: seconds + 86_000 }))).status).toBe(200);
    expect((await ask(await sign({ iat: seconds - 80_000, exp: seconds + 60 }))).status).toBe(200);
    const ahead = { iat: seconds + 29, nbf: seconds + 29, exp: seconds + 300 };
    expect((await ask(await sign(ahead))).status).toBe(200);
    expect((await ask(await sign({ exp: seconds - 29 }))).status).toBe(200);
  });

  it('returns an expires_in of at most max-expires-in, even if the assertion expires sooner', async () => {
    const { sign, ask } = await servedWithIssuer({ client: { maxExpiresIn: 120 } });
    expect((await ask(await sign({ exp: seconds + 1 }))).json.expires_in).toBe(120);
  });

  it('refuses an unknown scope unless the client is registered with --any-scope', async () => {
    const strict = await servedWithIssuer();
    expect((await strict.ask(await strict.sign(), { scope: 'scim' })).json.error).toBe('invalid_scope');
    const relaxed = await servedWithIssuer({ identity: { anyScope: true } });
    const { status, json } = await relaxed.ask(await relaxed.sign(), { scope: 'scim other' });
    expect(status).toBe(200);
    expect(json.scope).toContain('Identity:SCIM');
  });

  it('needs the client_id of the client, and refuses it once the client is removed', async () => {
    const { sign, ask, origin, vault } = await servedWithIssuer();
    const assertion = await sign();
    const form = { grant_type: 'client_credentials', client_assertion_type: assertionType };
    expect((await post(`${origin}/oauth/token`, { ...form, client_assertion: assertion })).status).toBe(401);
    expect((await ask(assertion, { client_id: 'other' })).status).toBe(401);
    expect((await ask(assertion)).status).toBe(200);
    await removeClient(vault, 'ci', actor);
    expect((await ask(assertion)).status).toBe(401);
  });

  it('enforces the address list of the client', async () => {
    const { sign, ask } = await servedWithIssuer({ client: { addresses: ['10.0.0.0/8'] } });
    expect(await ask(await sign())).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } });
  });

  it('authenticates introspection too', async () => {
    const { sign, origin } = await servedWithIssuer();
    const response = await post(`${origin}/oauth/introspect`, {
      token,
      client_id: 'ci',
      client_assertion_type: assertionType,
      client_assertion: await sign(),
    });
    expect(response).toMatchObject({ status: 200, json: { active: true, client_id: 'ci' } });
  });

  it('slows down a caller with wrong assertions, but not the client itself', async () => {
    const { sign, ask, vault } = await servedWithIssuer();
    const wrong = await sign({ aud: 'other' });
    const statuses: number[] = [];
    for (let count = 0; count < 8; count += 1) statuses.push((await ask(wrong)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    expect((await ask(await sign())).status).toBe(200);
    expect((await auditLog(vault)).filter((row) => row.startsWith('read throttled'))).toHaveLength(1);
  });

  it('returns an error for two authentication methods at once', async () => {
    const { sign, ask, origin } = await servedWithIssuer();
    expect((await ask(await sign(), { client_secret: 'x' })).json.error).toBe('invalid_request');
    const form = { grant_type: 'client_credentials', client_id: 'ci' };
    const both = { ...form, client_assertion_type: assertionType, client_assertion: await sign() };
    expect((await post(`${origin}/oauth/token`, both, 'ci:secret')).json.error).toBe('invalid_request');
    const twice = `${new URLSearchParams(both)}&client_assertion=x`;
    expect((await post(`${origin}/oauth/token`, twice)).json.error).toBe('invalid_request');
  });
});
