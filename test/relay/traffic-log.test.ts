import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../../src/relay/request/body-budget.ts';
import { TrafficLog } from '../../src/relay/traffic/traffic-log.ts';
import { trafficOf } from '../../src/store/profiles/relay-traffic.ts';
import { requireProfile } from '../../src/vault/profiles/profiles.ts';
import { profileWithToken } from '../support/api-server.ts';
import { newVault, today } from '../support/vault/test-vault.ts';

async function ready() {
  const vault = await newVault();
  await profileWithToken(vault, 'acme');
  const { id } = await requireProfile(vault, 'acme');
  const warnings: unknown[] = [];
  const log = { warn: (...args: unknown[]) => void warnings.push(args) };
  const request = { profileId: id, profile: 'acme', method: 'GET', seconds: 0.02, error: null };
  return { vault, id, log, warnings, request };
}

describe('the traffic of the relay', () => {
  it('is counted by profile, method and class of status', async () => {
    const { vault, log, request } = await ready();
    const traffic = new TrafficLog(vault, log);
    for (const status of [200, 201, 404, 503]) traffic.count({ ...request, status });
    traffic.count({ ...request, method: 'POST', status: 'cut-off', error: 'cut-off' });
    traffic.upstreamError('acme', 'unreachable');
    const text = traffic.metrics();
    for (const line of [
      'webex_token_relay_requests_total{profile="acme",method="GET",status="2xx"} 2',
      'webex_token_relay_requests_total{profile="acme",method="GET",status="4xx"} 1',
      'webex_token_relay_requests_total{profile="acme",method="GET",status="5xx"} 1',
      'webex_token_relay_requests_total{profile="acme",method="POST",status="cut-off"} 1',
      'webex_token_relay_duration_seconds_bucket{le="0.01"} 0',
      'webex_token_relay_duration_seconds_bucket{le="0.025"} 5',
      'webex_token_relay_duration_seconds_bucket{le="+Inf"} 5',
      'webex_token_relay_duration_seconds_sum 0.1',
      'webex_token_relay_duration_seconds_count 5',
      '# TYPE webex_token_relay_duration_seconds histogram',
      'webex_token_relay_upstream_errors_total{profile="acme",reason="unreachable"} 1',
    ]) {
      expect(text).toContain(line);
    }
    await traffic.write();
  });

  it('adds up in the store, whichever replica counted it', async () => {
    const { vault, id, log, request } = await ready();
    const [one, two] = [new TrafficLog(vault, log), new TrafficLog(vault, log)];
    one.count({ ...request, status: 200 });
    two.count({ ...request, status: 204 });
    two.count({ ...request, status: 502, error: 'unreachable' });
    await Promise.all([one.write(), two.write()]);
    vault.setNow(today + 300_000);
    one.count({ ...request, status: 200 });
    await one.write();
    expect(await trafficOf(vault.db, id, today)).toEqual({
      slots: [
        { slot: today, succeeded: 2, failed: 1 },
        { slot: today + 300_000, succeeded: 1, failed: 0 },
      ],
      lastSuccessAt: today + 300_000,
      lastError: { at: today, error: 'unreachable' },
    });
  });

  it('is not lost while the store cannot be written', async () => {
    const { vault, id, log, warnings, request } = await ready();
    let db = null as never as typeof vault.db;
    const traffic = new TrafficLog(
      {
        now: vault.now,
        get db() {
          return db;
        },
      },
      log,
    );
    traffic.count({ ...request, status: 200 });
    await traffic.write();
    expect(warnings).toHaveLength(1);
    db = vault.db;
    traffic.count({ ...request, status: 200 });
    await traffic.write();
    expect((await trafficOf(db, id, today))?.slots).toEqual([{ slot: today, succeeded: 2, failed: 0 }]);
  });

  it('is forgotten for a profile that was removed meanwhile', async () => {
    const { vault, log, warnings, request } = await ready();
    const traffic = new TrafficLog(vault, log);
    traffic.count({ ...request, profileId: 'nobody', status: 200 });
    await traffic.write();
    expect(warnings).toEqual([]);
    expect(await vault.db.selectFrom('relay_state').selectAll().execute()).toEqual([]);
  });
});

describe('the memory for bodies', () => {
  it('is limited, and no client gets more than a quarter', () => {
    const budget = new BodyBudget(400);
    expect([budget.take('a', 100), budget.take('a', 1)]).toEqual([true, false]);
    expect([budget.take('b', 100), budget.take('c', 100), budget.take('d', 90)]).toEqual([true, true, true]);
    expect(budget.take('e', 11)).toBe(false);
    budget.give('a', 100);
    expect([budget.take('e', 60), budget.take('a', 50)]).toEqual([true, true]);
  });
});
