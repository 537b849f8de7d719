import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { issuerTimeoutMs } from '../../src/api/client-auth/issuer-documents.ts';
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

  it('are known within a minute even during a flood of unknown key IDs, which the issuer hardly notices', async () => {
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

  it('are asked for again after ten minutes, so that a key that the issuer withdrew is refused', async () => {
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
      subject: `no keys of ${issuer.issuer}`,
    });
    // During the pause, the issuer is left alone; after it, the client is served.
    issuer.answers.clear();
    expect((await ask(await sign())).status).toBe(503);
    vault.setNow(today + wait * 1_000);
    expect((await ask(await sign())).status).toBe(200);
  });

  it('are used for a day while the issuer does not answer, but not for a key ID that may be new', async () => {
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

  it('are not awaited for more than ten seconds, even if the issuer starts to answer', async () => {
    // The discovery document and the keys.
    expect(2 * issuerTimeoutMs).toBeLessThanOrEqual(10_000);
    const { sign, ask, issuer } = await servedWithIssuer({ issuerTimeoutMs: 100 });
    issuer.answers.set(discoveryPath, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"issuer":');
    });
    const assertion = await sign();
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(assertion)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(issuer.requests).toHaveLength(1);
  });
});
