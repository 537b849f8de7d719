import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.ts';
import { bearing, simulated } from '../support/test-simulator.ts';

async function simulatedWithCaller(...faults: Fault[]) {
  const simulator = await simulated();
  for (const fault of faults) simulator.faults.add(fault);
  const { accessToken } = simulator.issueToken('full-admin');
  const call = (init: RequestInit = {}, path = '/people/me') =>
    fetch(`${simulator.endpoints.commercial.api}${path}`, { headers: bearing(accessToken), ...init });
  return { simulator, call };
}

describe('a fault of the simulator', () => {
  it.each([401, 403, 404, 500, 503] as const)(
    'returns %i with the error message of Webex',
    async (status) => {
      const { call } = await simulatedWithCaller({ path: '/v1/people/me', effect: status });
      const response = await call();
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ trackingId: expect.stringMatching(/./) });
    },
  );

  it('returns 429 with and without Retry-After, a given number of times', async () => {
    const { call } = await simulatedWithCaller(
      { path: '/v1/people/me', effect: 429, retryAfter: 7, times: 1 },
      { path: '/v1/people/me', effect: 429, times: 1 },
    );
    const answers = [await call(), await call(), await call()];
    expect(answers.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, '7'],
      [429, null],
      [200, null],
    ]);
  });

  it('returns a page instead of JSON', async () => {
    const { call } = await simulatedWithCaller({ path: '/v1/people/me', effect: 'html' });
    const response = await call();
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ]);
  });

  it('cuts the connection', async () => {
    const { call } = await simulatedWithCaller({ path: '/v1/people/me', effect: 'reset' });
    await expect(call()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  });

  it('hangs until the caller gives up, and does not keep the simulator from closing', async () => {
    const { simulator, call } = await simulatedWithCaller({ path: '/v1/people/me', effect: 'hang' });
    const caller = new AbortController();
    const given = expect(call({ signal: caller.signal })).rejects.toThrow(/aborted/);
    await expect.poll(() => simulator.requests.length).toBe(1);
    caller.abort();
    await given;
    const pending = call();
    const failed = expect(pending).rejects.toThrow();
    await expect.poll(() => simulator.requests.length).toBe(2);
    await simulator.close();
    await failed;
  });

  it('delays the response', async () => {
    const { call } = await simulatedWithCaller({ path: '/v1/people/me', effect: 'slow', milliseconds: 60 });
    const started = performance.now();
    expect((await call()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(55);
  });

  it('affects only its own path, method and deployment', async () => {
    const { call } = await simulatedWithCaller(
      { path: '/v1/people', method: 'post', effect: 500 },
      { path: '/v1/people', deployment: 'government', effect: 500 },
      { path: '/v1/peop', effect: 500 },
      { path: /tokenExpiry$/, effect: 503 },
    );
    expect((await call()).status).toBe(200);
    expect((await call({ method: 'POST' })).status).toBe(500);
    expect((await call({}, '/authorizations/tokenExpiry')).status).toBe(503);
  });

  it('can be removed, alone or with all others', async () => {
    const { simulator, call } = await simulatedWithCaller();
    const takeAway = simulator.faults.add({ path: '/v1', effect: 500 });
    expect((await call()).status).toBe(500);
    takeAway();
    expect((await call()).status).toBe(200);
    simulator.faults.add({ path: '/v1', effect: 500 });
    simulator.faults.clear();
    expect((await call()).status).toBe(200);
  });

  it('does not prevent the request log: path without query, time, ID of the token', async () => {
    const simulator = await simulated({ now: () => 42 });
    const { accessToken, id } = simulator.issueToken('full-admin');
    const url = `${simulator.endpoints.government.api}/people/me?callingData=true`;
    await fetch(url, { headers: bearing(accessToken) });
    await fetch(url, { method: 'DELETE', headers: bearing('fake-token-of-nobody') });
    await fetch(url);
    const common = { deployment: 'government', path: '/v1/people/me', time: 42 };
    expect(simulator.requests).toEqual([
      { ...common, method: 'GET', tokenId: id },
      { ...common, method: 'DELETE', tokenId: 'unknown' },
      { ...common, method: 'GET', tokenId: null },
    ]);
    expect(JSON.stringify(simulator.requests)).not.toContain(accessToken);
  });
});
