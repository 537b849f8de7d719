import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { issuerTimeoutMs } from '../../src/api/client-auth/issuer-documents.ts';
import { IssuerKeys } from '../../src/api/client-auth/issuer-keys.ts';
import { askToken, clientOf } from '../support/api-server.ts';
import { today } from '../support/vault/test-vault.ts';
import { servedWithIssuer } from '../support/workload-client.ts';
import { startWorkloadIssuer } from '../support/workload-issuer.ts';

const minute = 60_000;
const hour = 60 * minute;
const discoveryPath = '/.well-known/openid-configuration';

function unavailable(_request: IncomingMessage, response: ServerResponse) {
  response.writeHead(500).end();
}

describe('the keys of an issuer', () => {
  it('are known within a minute after a rotation, and a withdrawn key stops working', async () => {
    const { sign, ask, issuer, vault } = await servedWithIssuer();
    const old = await sign({ exp: today / 1000 + 7_200 });
    expect((await ask(old)).status).toBe(200);
    await issuer.rotate();
    vault.setNow(today + 10_000);
    expect((await ask(await sign())).status).toBe(200);
    expect((await ask(old)).status).toBe(401);
  });

  it('are known within a minute even during a flood of unknown key IDs, with few requests to the issuer', async () => {
    const { sign, ask, issuer, vault } = await servedWithIssuer();
    expect((await ask(await sign())).status).toBe(200);
    const flood = async (from: number, to: number) => {
      for (let now = from; now < to; now += 3_000) {
        vault.setNow(today + now);
        const unknown = await sign({}, { kid: `unknown-${now}` });
        await Promise.all([ask(unknown), ask(unknown), ask(unknown)]);
      }
    };
    await flood(1_000, 2 * minute);
    expect(issuer.requests.length).toBeLessThanOrEqual(12);
    await issuer.rotate();
    const assertion = await sign();
    await flood(2 * minute, 3 * minute);
    expect((await ask(assertion)).status).toBe(200);
  });

  it('are fetched once for all requests that wait for them', async () => {
    const { sign, ask, issuer } = await servedWithIssuer();
    const assertion = await sign();
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(assertion)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(issuer.requests).toHaveLength(2);
  });

  it('are fetched again after ten minutes, so that a withdrawn key is refused', async () => {
    const { sign, ask, issuer, vault } = await servedWithIssuer();
    const assertion = await sign({ exp: today / 1000 + 7_200 });
    expect((await ask(assertion)).status).toBe(200);
    await issuer.rotate();
    vault.setNow(today + 9 * minute);
    expect((await ask(assertion)).status).toBe(200);
    vault.setNow(today + 11 * minute);
    expect((await ask(assertion)).status).toBe(401);
  });

  it('are reported with 503 and Retry-After and logged if they cannot be loaded', async () => {
    const { sign, ask, issuer, vault, logged, lastEntry } = await servedWithIssuer();
    issuer.answers.set(issuer.jwksPath, unavailable);
    const answer = await ask(await sign());
    expect(answer).toMatchObject({ status: 503, json: { error: 'temporarily_unavailable' } });
    const wait = Number(answer.headers.get('retry-after'));
    expect(wait).toBeGreaterThanOrEqual(1);
    expect(wait).toBeLessThanOrEqual(60);
    expect(JSON.stringify(logged)).toContain(issuer.issuer);
    expect(String((logged[0] as [{ err: Error }])[0].err.message)).toMatch(/server-error \(500\)/);
    expect(await lastEntry()).toMatchObject({
      outcome: 'temporarily_unavailable',
      client: 'ci',
      subject: `no keys from ${issuer.issuer}`,
    });
    // During the pause, the issuer gets no request. After it, the client gets its token.
    issuer.answers.clear();
    expect((await ask(await sign())).status).toBe(503);
    vault.setNow(today + wait * 1_000);
    expect((await ask(await sign())).status).toBe(200);
  });

  it('are used for a day while the issuer does not respond, but not for a key ID that may be new', async () => {
    const { sign, ask, issuer, vault } = await servedWithIssuer();
    const long = { exp: today / 1000 + 200_000 };
    expect((await ask(await sign(long))).status).toBe(200);
    issuer.answers.set(issuer.jwksPath, unavailable);
    issuer.answers.set(discoveryPath, unavailable);
    const at = (instant: number) => {
      vault.setNow(today + instant);
      return { ...long, iat: (today + instant) / 1000 };
    };
    expect((await ask(await sign(at(hour)))).status).toBe(200);
    expect((await ask(await sign(at(23 * hour)))).status).toBe(200);
    expect((await ask(await sign(at(23 * hour), { kid: 'new' }))).status).toBe(503);
    expect((await ask(await sign(at(25 * hour)))).status).toBe(503);
    issuer.answers.clear();
    expect((await ask(await sign(at(26 * hour)))).status).toBe(200);
  });

  it('do not hold up other clients while their issuer is slow', async () => {
    const { sign, ask, issuer, origin, vault } = await servedWithIssuer();
    const secret = await clientOf(vault, 'plain', ['acme']);
    const other = await startWorkloadIssuer();
    const { sub = '' } = { sub: 'repo:acme/provisioning:ref:refs/heads/main' };
    await clientOf(vault, 'fast', ['acme'], {
      workloadIdentity: { issuer: other.issuer, subject: sub, audience: 'webex-token', anyScope: false },
    });
    const waiting = Promise.withResolvers<ServerResponse>();
    issuer.answers.set(discoveryPath, (_request, response) => waiting.resolve(response));
    const assertion = await sign();
    let answered = 0;
    const slow = Array.from({ length: 20 }, async () => {
      const { status } = await ask(assertion);
      answered += 1;
      return status;
    });
    const issuerResponse = await waiting.promise;
    const now = today / 1000;
    const claims = { iss: other.issuer, sub, aud: 'webex-token', iat: now, exp: now + 60 };
    const fast = await ask(await other.sign(claims), { client_id: 'fast' });
    expect(fast.status).toBe(200);
    expect((await askToken({ origin }, 'plain', secret)).status).toBe(200);
    expect(answered).toBe(0);
    issuerResponse.end(JSON.stringify(issuer.discovery));
    expect(new Set(await Promise.all(slow))).toEqual(new Set([200]));
  });

  it('are not awaited for more than ten seconds, even if the issuer starts to respond', async () => {
    // The discovery document and the keys.
    expect(2 * issuerTimeoutMs).toBeLessThanOrEqual(10_000);
    const { sign, ask, issuer } = await servedWithIssuer({ issuerTimeoutMs: 1_000 });
    issuer.answers.set(discoveryPath, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"issuer":');
    });
    const assertion = await sign();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(assertion)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    // None if this process was busy for all that time.
    expect(issuer.requests.length).toBeLessThanOrEqual(1);
  });
});

/** Issuers that respond immediately, with a stopped clock. */
function kept() {
  const state = { now: today, ids: ['a'] as (string | undefined)[], down: false };
  const asked: string[] = [];
  const failed: string[] = [];
  const fetch: typeof globalThis.fetch = (input) => {
    const { origin, pathname } = new URL(String(input));
    asked.push(pathname === discoveryPath ? 'discovery' : 'keys');
    if (state.down) return Promise.reject(new Error('down'));
    const keys = state.ids.map((kid) => ({ kty: 'EC', kid }));
    const document = { issuer: origin, jwks_uri: `${origin}/keys` };
    return Promise.resolve(Response.json(pathname === discoveryPath ? document : { keys }));
  };
  const issuers = new IssuerKeys({ fetch, now: () => state.now }, (issuer) => failed.push(issuer));
  const keysOf = async (kid: string | null, issuer = 'https://issuer.example') => {
    const result = await issuers.keysOf(issuer, kid);
    return result.ok ? true : result.retryAfter;
  };
  /** The requests since the last call. */
  const requests = () => asked.splice(0);
  return { state, failed, keysOf, requests };
}

describe('IssuerKeys', () => {
  it('fetches the keys once for all waiting requests, and again when they or their address are too old', async () => {
    const { state, keysOf, requests } = kept();
    expect(await Promise.all([keysOf('a'), keysOf('a'), keysOf(null)])).toEqual([true, true, true]);
    expect(requests()).toEqual(['discovery', 'keys']);
    for (const [after, expected] of [
      [10 * minute - 1, []],
      [10 * minute, ['keys']],
      // A clock that was set back.
      [-1, ['keys']],
      [hour - 1, ['keys']],
      [hour, []],
      [hour + 10 * minute, ['discovery', 'keys']],
    ] as const) {
      state.now = today + after;
      expect(await keysOf('a')).toBe(true);
      expect(requests()).toEqual(expected);
    }
    state.now += hour;
    await keysOf('a');
    expect(requests()).toEqual(['discovery', 'keys']);
    // The keys were found each time, so the pause is still the first one.
    state.now += 2_000;
    await keysOf('b');
    expect(requests()).toEqual(['keys']);
  });

  it('fetches an unknown key after pauses that double up to 50 seconds, and start over with a new key', async () => {
    const { state, keysOf, requests } = kept();
    await keysOf('a');
    requests();
    for (const pause of [2, 4, 8, 16, 32, 50, 50]) {
      state.now += pause * 1000 - 1;
      // The key may be one without an ID.
      expect(await keysOf('b')).toBe(true);
      expect(requests()).toEqual([]);
      state.now += 1;
      expect(await keysOf('b')).toBe(true);
      expect(requests()).toEqual(['keys']);
    }
    // A request for a known key does not shorten the pause.
    state.now += 10 * minute;
    await keysOf('a');
    state.now += 49_999;
    requests();
    await keysOf('b');
    expect(requests()).toEqual([]);
    state.ids = ['b'];
    state.now += 1;
    await keysOf('b');
    requests();
    state.now += 2_000;
    await keysOf('c');
    expect(requests()).toEqual(['keys']);
  });

  it('uses known keys for a day while the issuer fails, and fetches their address again', async () => {
    const { state, failed, keysOf, requests } = kept();
    await keysOf('a');
    state.down = true;
    state.now += 10 * minute;
    requests();
    expect(await keysOf('a')).toBe(true);
    expect(failed).toEqual(['https://issuer.example']);
    expect(await keysOf('b')).toBe(4);
    expect(requests()).toEqual(['keys']);
    state.now += 3_001;
    expect(await keysOf('b')).toBe(1);
    state.now = today + 24 * hour - 1;
    expect(await keysOf('a')).toBe(true);
    state.now += 1;
    expect(await keysOf('a')).toBe(8);
    expect(await keysOf(null)).toBe(8);
    expect(requests()).toEqual(['discovery']);
    state.down = false;
    state.now += 8_000;
    expect(await keysOf('a')).toBe(true);
    expect(requests()).toEqual(['discovery', 'keys']);
  });

  it('reports immediately that keys were never available', async () => {
    const { state, keysOf } = kept();
    state.down = true;
    expect(await keysOf(null)).toBe(4);
  });

  it('does not treat a key without an ID as one with any ID', async () => {
    const { state, keysOf, requests } = kept();
    state.ids = [undefined];
    expect(await keysOf(null)).toBe(true);
    requests();
    state.now += 4_000;
    expect(await keysOf('a')).toBe(true);
    expect(requests()).toEqual(['keys']);
    state.now += minute;
    expect(await keysOf(null)).toBe(true);
    expect(requests()).toEqual([]);
  });

  it('caches the keys of a hundred issuers, and drops the least recently used one', async () => {
    const { keysOf, requests } = kept();
    const issuer = (number: number) => `https://issuer-${number}.example`;
    for (let number = 0; number < 100; number += 1) await keysOf('a', issuer(number));
    await keysOf('a', issuer(0));
    expect(requests()).toHaveLength(200);
    await keysOf('a', issuer(100));
    await keysOf('a', issuer(0));
    expect(requests()).toHaveLength(2);
    await keysOf('a', issuer(1));
    expect(requests()).toHaveLength(2);
  });
});
