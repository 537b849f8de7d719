import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { metricsText } from '../../src/monitoring/metrics.ts';
import { TrafficLog } from '../../src/relay/traffic/traffic-log.ts';
import { incrementCounter } from '../../src/store/meta/counters.ts';
import { profileWithToken } from '../support/api-server.ts';
import { quietLog } from '../support/quiet-log.ts';
import { newVault } from '../support/vault/test-vault.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Metric {
  name: string;
  type: string;
  labels: string[];
}

/** The metrics of a server that has something to report in each of them. */
async function served(): Promise<Metric[]> {
  const vault = await newVault();
  await profileWithToken(vault, 'acme');
  await incrementCounter(vault.db, 'reminders', 'mail sent');
  await incrementCounter(vault.db, 'checks', 'ok');
  const traffic = new TrafficLog(vault, quietLog());
  traffic.count({ profileId: 'x', profile: 'acme', method: 'GET', status: 200, seconds: 1, error: null });
  traffic.upstreamError('acme', 'unreachable');
  const text = `${(await metricsText(vault)).text}\n${await traffic.metrics()}`;
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => {
    const sample = new RegExp(`^${name}(?:_bucket)?\\{([^}]*)\\}`, 'm').exec(text)?.[1] ?? '';
    return { name, type, labels: [...sample.matchAll(/(\w+)="/g)].map(([, label = '']) => label).sort() };
  });
}

describe('the metrics', () => {
  it('are those of the table in docs/monitoring.md, with their types and labels', async () => {
    const rows = [...read('docs/monitoring.md').matchAll(/^\| `(webex_\w+)` \| (\w+) \| ([^|]+) \|/gm)];
    const documented = rows.map(([, name, type, labels = '']) => ({
      name,
      type,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
    }));
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
      String(a.name).localeCompare(String(b.name));
    const real = (await served()).map((each) =>
      each.name === 'webex_token_quarantined' ? { ...each, labels: ['profile'] } : each,
    );
    expect(documented.sort(byName)).toEqual(real.sort(byName));
  });

  it.each([
    ['deploy/prometheus/alerts.yaml', 8],
    ['deploy/grafana/webex-token.json', 10],
  ])('exist wherever %s names one', async (path, uses) => {
    const names = (await served()).flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
    );
    const used = [...read(path).matchAll(/\bwebex_token_\w+/g)].map(([name]) => name);
    expect(used.length).toBeGreaterThanOrEqual(uses);
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
  });
});
