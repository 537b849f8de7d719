import { createHmac } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { seconds, servedWithIssuer } from '../support/workload-client.ts';
import { githubClaims, startWorkloadIssuer } from '../support/workload-issuer.ts';

/** Responds with JSON of any size. */
function json(value: unknown): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(typeof value === 'string' ? value : JSON.stringify(value));
  };
}

function encoded(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** For the tests that only send assertions of other audiences and subjects. */
const shared = forFile(() => servedWithIssuer());

/** An assertion that the issuer has not signed. It must not cause a request to the issuer. */
describe('a forged assertion', () => {
  it('is refused without a signature, or with an HMAC that uses the public key as the secret', async () => {
    const { ask, issuer, claims, sign, lastEntry } = await servedWithIssuer();
    expect((await ask(await sign())).status).toBe(200);
    const [key] = issuer.keys as [JWK];
    const pem = await exportSPKI((await importJWK(key, 'RS256')) as CryptoKey);
    const secrets = [pem, JSON.stringify(key), key.n ?? '', Buffer.from(key.n ?? '', 'base64url')];
    const forged = ['none', 'None', 'NONE', ''].map(
      (alg) => `${encoded({ alg, kid: key.kid })}.${encoded(claims())}.`,
    );
    for (const alg of ['HS256', 'hs256', 'RS256']) {
      for (const secret of secrets) {
        const input = `${encoded({ alg, typ: 'JWT', kid: key.kid })}.${encoded(claims())}`;
        forged.push(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`);
      }
    }
    for (const assertion of forged) expect((await ask(assertion)).status).toBeGreaterThanOrEqual(401);
    expect((await lastEntry())?.outcome).not.toBe('ok');
    expect(issuer.requests).toHaveLength(2);
  });

  it('cannot supply its own key, nor the address of one', async () => {
    const { ask, issuer, claims } = await servedWithIssuer();
    const attacker = await startWorkloadIssuer();
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    attacker.keys.push({ ...jwk, kid: 'key-1', alg: 'RS256' });
    const [known] = issuer.keys as [JWK];
    const headers = [
      { jwk },
      { jku: `${attacker.issuer}/.well-known/jwks` },
      { x5u: `${attacker.issuer}/certificate.pem` },
      { x5c: ['MIIB'] },
      { jku: `${attacker.issuer}/.well-known/jwks`, kid: String(known.kid), jwk },
    ];
    for (const header of headers) {
      const text = new TextEncoder().encode(JSON.stringify(claims()));
      const signer = new CompactSign(text).setProtectedHeader({ alg: 'RS256', ...header });
      expect((await ask(await signer.sign(privateKey))).status, JSON.stringify(header)).toBe(401);
    }
    expect(attacker.requests).toEqual([]);
  });

  it('cannot use a key ID as a path, a query or a property', async () => {
    const { ask, sign, issuer } = await servedWithIssuer();
    const ids = [
      '../../admin',
      '__proto__',
      'constructor',
      "' or 1=1 --",
      '\u0000',
      '%2e%2e',
      `${'k'.repeat(300)}`,
    ];
    for (const kid of ids) expect((await ask(await sign({}, { kid }))).status).toBeGreaterThanOrEqual(401);
    for (const kid of [7, null, {}, ['key-1'], 'k'.repeat(301)]) {
      expect((await ask(await sign({}, { kid: kid as string }))).status).toBeGreaterThanOrEqual(401);
    }
    expect(new Set(issuer.requests)).toEqual(
      new Set(['/.well-known/openid-configuration', '/.well-known/jwks']),
    );
    expect((await ask(await sign())).status).toBe(200);
  });

  it('is refused with a critical extension, in another form, or too large', async () => {
    const { ask, claims, issuer, sign } = await servedWithIssuer();
    const [key] = issuer.keys as [JWK];
    const good = await sign();
    const [header = '', payload = '', signature = ''] = good.split('.');
    const critical = encoded({ alg: 'RS256', kid: key.kid, crit: ['b64'], b64: false });
    const forged = [
      `${critical}.${payload}.${signature}`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.${signature}.${signature}`,
      `${header}.${encoded('[]')}.${signature}`,
      `${header}.${encoded('null')}.${signature}`,
      `${header}.${encoded(`{"__proto__":${JSON.stringify(claims())}}`)}.${signature}`,
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
      await sign({ filler: 'x'.repeat(16_384) }),
      'x',
      '..',
    ];
    for (const assertion of forged) expect((await ask(assertion)).status).toBeGreaterThanOrEqual(401);
    expect((await ask(good)).status).toBe(200);
  });

  it.each([
    ['a list that holds the audience in a list', [['webex-token']]],
    ['an object', { 'webex-token': true }],
    ['a list with something else', ['webex-token', 7]],
    ['an empty list', []],
    ['a list that is too long', Array.from({ length: 51 }, () => 'webex-token')],
    ['one text with several', 'other webex-token'],
    ['one text with a comma', 'webex-token,other'],
    ['another case', 'WEBEX-TOKEN'],
    ['a NUL', 'webex-token\u0000'],
  ])('is refused with %s as its audience', async (_name, aud) => {
    const { ask, sign } = shared();
    expect((await ask(await sign({ aud }))).status).toBe(401);
    expect((await ask(await sign({ aud: ['webex-token', 'other'] }))).status).toBe(200);
  });

  it.each([
    'repo:acme/provisioning:ref:refs/heads/main\u0000',
    'repo:acme/provisioning:ref:refs/heads/main\n',
    'repo:acme/provisioning:ref:refs/heads/ma\u200bin',
    // A Cyrillic "a", full-width letters, and an upper-case letter.
    'repo:\u0430cme/provisioning:ref:refs/heads/main',
    'repo:acme/provisioning:ref:refs/heads/\uff4dain',
    'repo:acme/Provisioning:ref:refs/heads/main',
    'repo:acme/provisioning:ref:refs/heads/main:ref:refs/heads/main',
    'repo:acme/provisioning:ref:refs/heads/*',
    '*',
  ])('is refused with the subject %j', async (sub) => {
    const { ask, sign, lastEntry } = shared();
    expect((await ask(await sign({ sub }))).status).toBe(401);
    expect((await lastEntry())?.subject).toMatch(/^sub: [^\p{Cc}\p{Cf}]*$/u);
    expect((await ask(await sign())).status).toBe(200);
  });

  it('leaves no token from its claims in the log', async () => {
    const { ask, sign, lastEntry } = await servedWithIssuer();
    const secret = 'A'.repeat(64);
    expect((await ask(await sign({ sub: `repo:${secret}/x` }))).status).toBe(401);
    expect((await lastEntry())?.subject).toBe('sub: repo:[hidden]/x');
  });
});

describe('an issuer that misbehaves', () => {
  const discoveryPath = '/.well-known/openid-configuration';

  it.each([
    ['a trailing slash', (issuer: string) => `${issuer}/`],
    ['a user name', (issuer: string) => issuer.replace('http://', 'http://a@')],
    ['a query', (issuer: string) => `${issuer}?x`],
    ['another host', () => 'https://issuer.example'],
  ])('is not trusted if its document names an issuer with %s', async (_name, change) => {
    const { ask, sign, issuer } = await servedWithIssuer();
    issuer.discovery.issuer = change(issuer.issuer);
    expect((await ask(await sign())).status).toBe(503);
    // An assertion with that issuer is refused too.
    expect((await ask(await sign({ iss: change(issuer.issuer) }))).status).toBe(401);
    expect(issuer.requests).toEqual([discoveryPath]);
  });

  it('cannot have its keys fetched from another host, port or scheme', async () => {
    const elsewhere = await startWorkloadIssuer();
    const issuer = await startWorkloadIssuer();
    const port = new URL(elsewhere.issuer).port;
    for (const address of [
      `${elsewhere.issuer}/.well-known/jwks`,
      `http://localhost:${port}/.well-known/jwks`,
      'http://169.254.169.254/latest/meta-data/',
      'https://internal.example/keys',
      'file:///etc/passwd',
      'data:application/json,{"keys":[]}',
      `http://user:secret@127.0.0.1:${port}/.well-known/jwks`,
      '/.well-known/jwks',
      '',
    ]) {
      const asked: string[] = [];
      const fetch: typeof globalThis.fetch = (input, init) => {
        asked.push(String(input));
        return globalThis.fetch(input, init);
      };
      const { ask, sign } = await servedWithIssuer({ fetch, issuer });
      issuer.discovery.jwks_uri = address;
      expect((await ask(await sign())).status, address).toBe(503);
      expect(asked).toEqual([`${issuer.issuer}${discoveryPath}`]);
    }
    expect(elsewhere.requests).toEqual([]);
  });

  it('cannot redirect this server, neither to another host nor on its own', async () => {
    const elsewhere = await startWorkloadIssuer();
    const issuer = await startWorkloadIssuer();
    for (const path of [discoveryPath, '/.well-known/jwks']) {
      for (const location of [`${elsewhere.issuer}${path}`, `${path}2`]) {
        const { ask, sign } = await servedWithIssuer({ issuer });
        issuer.answers.clear();
        issuer.requests.length = 0;
        issuer.answers.set(
          `${path}2`,
          json(path === discoveryPath ? issuer.discovery : { keys: issuer.keys }),
        );
        issuer.answers.set(path, (_request, response) => response.writeHead(302, { location }).end());
        expect((await ask(await sign())).status).toBe(503);
        expect(issuer.requests).not.toContain(`${path}2`);
      }
    }
    expect(elsewhere.requests).toEqual([]);
  });

  it.each([
    ['huge', `{"keys":[],"filler":"${'x'.repeat(2_000_000)}"}`],
    ['of too many keys', { keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }],
    ['that is HTML', '<!doctype html><html></html>'],
    ['that is empty', ''],
    ['that is null', 'null'],
    ['without keys', {}],
    ['with keys as an object', { keys: { kty: 'RSA' } }],
  ])('causes a 503 with a key set %s', async (_name, value) => {
    const { ask, sign, issuer } = await servedWithIssuer();
    issuer.answers.set(issuer.jwksPath, json(value));
    expect((await ask(await sign())).status).toBe(503);
  });

  it('is refused if its keys are not for signatures, too short, or secret', async () => {
    const { ask, sign, issuer, claims } = await servedWithIssuer();
    const [key] = issuer.keys as [JWK];
    const useless = [
      { ...key, use: 'enc' },
      { kty: 'oct', kid: key.kid, k: 'c2VjcmV0', alg: 'HS256' },
      { kty: 'RSA', kid: key.kid, n: 'AQAB', e: 'AQAB' },
      { kty: 'RSA', kid: key.kid },
      { kty: 'EC', kid: key.kid, crv: 'P-256', x: 'AA', y: 'AA' },
    ];
    for (const each of useless) {
      const other = await servedWithIssuer({ issuer });
      issuer.answers.set(issuer.jwksPath, json({ keys: [each] }));
      expect((await other.ask(await sign())).status, JSON.stringify(each)).toBe(401);
      const input = `${encoded({ alg: 'HS256', kid: key.kid })}.${encoded(claims())}`;
      const mac = createHmac('sha256', 'secret').update(input).digest('base64url');
      expect((await other.ask(`${input}.${mac}`)).status).toBe(401);
    }
    // Damaged keys next to a good one do no harm.
    issuer.answers.set(
      issuer.jwksPath,
      json({ keys: [null, 7, { kty: 'oct' }, { kty: 'RSA', kid: 'x' }, key] }),
    );
    expect((await ask(await sign())).status).toBe(200);
  });
});

describe('a client of one issuer', () => {
  it('is not authenticated by another registered issuer, nor by the JWT for another client', async () => {
    const first = await servedWithIssuer();
    const other = await startWorkloadIssuer();
    const claims = githubClaims(other.issuer, seconds);
    expect((await first.ask(await other.sign(claims))).status).toBe(401);
    expect((await first.ask(await other.sign({ ...claims, iss: first.issuer.issuer }))).status).toBe(401);
    expect(other.requests).toEqual([]);
  });

  it('cannot be given another issuer or subject in the database: no issuer is asked, and no token returned', async () => {
    const { vault, ask, issuer } = await servedWithIssuer();
    const other = await startWorkloadIssuer();
    const stranger = { ...githubClaims(other.issuer, seconds), sub: 'repo:stranger/x:ref:refs/heads/main' };
    for (const changes of [{ issuer: other.issuer }, { subject: stranger.sub }, { audience: 'other' }]) {
      await vault.db.updateTable('client').set(changes).where('name', '=', 'ci').execute();
      expect((await ask(await other.sign(stranger))).status).toBe(503);
    }
    expect([...other.requests, ...issuer.requests]).toEqual([]);
  });
});
