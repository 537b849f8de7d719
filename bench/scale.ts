import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createApi } from '../src/api/app.ts';
import { readSettings } from '../src/config/settings.ts';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { dayMs } from '../src/domain/lifetimes.ts';
import { metricsText } from '../src/monitoring/metrics.ts';
import { currentProcess } from '../src/process/lease-owner.ts';
import { createRelay } from '../src/relay/relay.ts';
import type { Channel } from '../src/reminders/channels/channel.ts';
import { sendReminders } from '../src/reminders/send-reminders.ts';
import { iterateProfiles, queryProfiles, queryTable } from '../src/store/profiles/query.ts';
import { dueChecks } from '../src/store/profiles/token-checks.ts';
import { dueTokens } from '../src/store/reminders/reminders.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import type { Vault } from '../src/vault/context.ts';
import type { ProfileRow } from '../src/vault/profiles/csv-row.ts';
import { importBatchSize, importProfiles, planImport } from '../src/vault/profiles/import-profiles.ts';
import { captureRedirect } from '../src/vault/sign-in/capture-redirect.ts';
import { startSignIn } from '../src/vault/sign-in/start-sign-in.ts';
import { closeVault, openVault } from '../src/vault/vault.ts';
import { processorMicroseconds } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * Measures each operation with 1,000 to 1,000,000 profiles, on SQLite and on PostgreSQL. The times should be the same within a
 * factor of two. The product's own import fills the stores, and only the product and the databases gather statistics. The
 * largest size runs only with `--million`, because filling it takes many minutes. PostgreSQL runs on the same machine, with its
 * default settings.
 *
 * node bench/scale.ts [--million] [--sizes=1000,10000] [--sqlite | --postgres] [--processor]
 */
const requestedSizes = process.argv.find((each) => each.startsWith('--sizes='))?.slice('--sizes='.length);
const sizes = requestedSizes?.split(',').map(Number) ?? [
  1_000,
  10_000,
  100_000,
  ...(process.argv.includes('--million') ? [1_000_000] : []),
];
const inProcessorTime = process.argv.includes('--processor');
const engines = ['SQLite', 'PostgreSQL'].filter((engine) => {
  const otherOnly = engine === 'SQLite' ? '--postgres' : '--sqlite';
  return !process.argv.includes(otherOnly);
});
const now = Date.UTC(2027, 0, 1);
/** How many tokens get due together. */
const dueCount = 1_000;
const scimPath = '/v1/scim';
const actor = { user: 'bench' };

type Costs = Record<string, number>;

/** On PostgreSQL, a connection that reads the process IDs of the other connections. */
let monitor: pg.Client | null = null;

async function costs(databaseUrl: string, size: number): Promise<Costs> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
  const home = join(folder, 'home');
  const upstream = createServer((request, response) => {
    request.resume();
    response.setHeader('Content-Type', 'application/scim+json').end('{"totalResults":0,"Resources":[]}');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  const settings = readSettings({
    ...process.env,
    WEBEX_TOKEN_SCIM_URL: `http://127.0.0.1:${port}${scimPath}`,
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_KEY_FILE: join(home, 'key.jwk'),
    WEBEX_TOKEN_DATABASE_URL: databaseUrl,
    WEBEX_TOKEN_PASSPHRASE: '',
  });
  let clock = now;
  const open = () =>
    openVault(settings, { now: () => clock, fetch: () => Promise.reject(new Error('offline')) });
  let vault = await open();
  try {
    if (databaseUrl !== '') {
      monitor = new pg.Client({ connectionString: databaseUrl });
      await monitor.connect();
    }
    await fill(vault, size);
    const found: Costs = {};
    found['open the store'] = await medianOf(9, async () => {
      await closeVault(vault);
      const start = performance.now();
      vault = await open();
      return performance.now() - start;
    });
    found['import, per profile with its token'] = await importCost(vault);
    found['capture: start of sign-in to stored token'] = await medianOf(41, (at) => capture(vault, at));
    const { token, relay } = await requestCosts(vault);
    found['token endpoint, per request'] = token;
    found['SCIM relay, per request'] = relay;
    found['due: reminders and checks'] = await medianOf(41, () =>
      timed(async () => {
        await dueTokens(vault.db, 'mail', now, 100);
        await dueChecks(vault.db, now, 100);
      }),
    );
    found['dashboard, first page and totals'] = await medianOf(21, () =>
      timed(() => queryProfiles(vault.db, { sort: 'urgency', limit: 50, now })),
    );
    found['list, first page'] = await medianOf(11, () =>
      timed(async () => void (await iterateProfiles(vault.db, {}, now).next())),
    );
    found['list, all, per 1,000 profiles'] =
      ((await medianOf(1, () => timed(() => readAll(vault)))) / size) * 1_000;
    const table = { order: 'account', descending: true, pageSize: 100, now } as const;
    found['table by account, first page'] = await medianOf(11, () =>
      timed(() => queryTable(vault.db, { ...table, page: 1 })),
    );
    found['table by account, page in the middle'] = await medianOf(5, () =>
      timed(() => queryTable(vault.db, { ...table, page: Math.ceil(size / 200) })),
    );
    const page = { sort: 'urgency', limit: 50, now } as const;
    for (const [title, search] of [
      ['search that finds one', `org-${String(size / 2).padStart(7, '0')}`],
      ['search for two parts that finds one', `tomer-${String(size / 4).padStart(7, '0')} example`],
      ['search that finds none', 'organization-that-is-not-here'],
      ['search that finds all', 'customer'],
    ] as const) {
      found[title] = await medianOf(7, () => timed(() => queryProfiles(vault.db, { ...page, search })));
    }
    found['metrics, per 1,000 profiles'] =
      ((await medianOf(1, () => timed(() => metricsText(vault)))) / size) * 1_000;
    const silent: Channel = { name: 'mail', target: 'nowhere', deliver: async () => {}, close: () => {} };
    const remind = () =>
      timed(() => sendReminders(vault, { channels: [silent], leaseOwner: currentProcess() }));
    found['remind, nothing due'] = await medianOf(5, remind);
    clock = now + 6 * dayMs;
    found[`remind, ${dueCount.toLocaleString('en')} due, each`] = (await remind()) / dueCount;
    return found;
  } finally {
    upstream.closeAllConnections();
    upstream.close();
    await monitor?.end();
    monitor = null;
    await closeVault(vault);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = await elapsed();
  await work();
  return (await elapsed()) - start;
}

/** Milliseconds on the clock, or with `--processor` of processor time, which hardly depends on other programs. */
async function elapsed(): Promise<number> {
  if (!inProcessorTime) return performance.now();
  const database = monitor === null ? 0 : await databaseMicroseconds(monitor);
  const { user, system } = process.cpuUsage();
  return (user + system + database) / 1_000;
}

/** The processor time of the program's connections to PostgreSQL so far. */
async function databaseMicroseconds(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  return rows.reduce((sum, { pid }) => sum + processorMicroseconds(pid), 0);
}

/** The median of a number of runs, after three runs that do not count. */
async function medianOf(count: number, run: (at: number) => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let at = -3; at < count; at += 1) {
    const ms = await run(at);
    if (at >= 0) found.push(ms);
  }
  return median(found);
}

/** A row of a file for `profile import`, with its token. */
function rowOf(profile: string, at: number, expiresAt: number): ProfileRow {
  return {
    line: at,
    profile,
    typedName: null,
    displayName: undefined,
    orgId: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    deployment: 'commercial',
    contact: `admin-of-org-${String(at).padStart(7, '0')}@example.com`,
    tags: [`region-${at % 20}`],
    token: {
      accessToken: `fake-token-for-${profile}`,
      orgId: null,
      deployment: null,
      capturedAt: now,
      expiresAt,
    },
  };
}

/** Imports customers whose tokens expire over about ten months, starting in two months. The first of them expire together. */
async function fill(vault: Vault, size: number): Promise<void> {
  for (let from = 0; from < size; from += importBatchSize) {
    const length = Math.min(importBatchSize, size - from);
    const rows = Array.from({ length }, (_, line) => {
      const at = from + line;
      const days = at < dueCount ? 65 : 70 + ((at * 7919) % 290);
      return rowOf(`customer-${String(at).padStart(7, '0')}`, at, now + days * dayMs);
    });
    await planImport(vault, rows);
    await importProfiles(vault, rows, actor);
  }
}

async function readAll(vault: Vault): Promise<void> {
  for await (const _ of iterateProfiles(vault.db, {}, now));
}

async function importCost(vault: Vault): Promise<number> {
  return await medianOf(5, async (batch) => {
    const rows = Array.from({ length: importBatchSize }, (_, line) =>
      rowOf(`new-${batch}-${line}`, 5_000_000 + batch * importBatchSize + line, now + 200 * dayMs),
    );
    const ms = await timed(async () => {
      await planImport(vault, rows);
      await importProfiles(vault, rows, actor);
    });
    return ms / importBatchSize;
  });
}

async function capture(vault: Vault, at: number): Promise<number> {
  return await timed(async () => {
    const { authorizeUrl } = await startSignIn(vault, { profile: `captured-${at}` }, 'browser');
    const state = new URL(authorizeUrl).searchParams.get('state') ?? '';
    const fragment = `#access_token=fake-token-${at}&token_type=Bearer&expires_in=${365 * 86_400 - 1}&state=${state}`;
    await captureRedirect(vault, fragment, 'browser', {});
  });
}

async function requestCosts(vault: Vault): Promise<{ token: number; relay: number }> {
  const profiles = ['new-0-0'];
  const { secret } = await addClient(vault, { name: 'bench', profiles }, actor);
  const relayed = await addClient(vault, { name: 'bench-relay', profiles, relayRights: 'all' }, actor);
  const quiet = { error: () => {}, warn: () => {} };
  const api = createApi({
    vault,
    log: quiet,
    issuer: 'http://localhost',
    probes: { ready: async () => {} },
  });
  const relay = createRelay({ api: api.context, log: quiet, remind: async () => {} });
  const server = createServer((request, response) =>
    (request.url?.startsWith('/scim/') ? relay.listener : api.listener)(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const body = `grant_type=client_credentials&client_id=bench&client_secret=${secret}`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = (path: string, init: RequestInit) =>
    medianOf(101, () =>
      timed(async () => {
        const response = await fetch(origin + path, init);
        if (!response.ok) throw new Error(await response.text());
        await response.arrayBuffer();
      }),
    );
  const token = await request('/oauth/token', { method: 'POST', body, headers });
  const authorization = `Bearer ${relayed.secret}`;
  const ms = await request('/scim/new-0-0/Users', { headers: { authorization } });
  server.closeAllConnections();
  server.close();
  await relay.close();
  await api.close();
  return { token, relay: ms };
}

const table: string[][] = [];
const postgres = await startPostgres({ flags: ['-c', 'fsync=on'] });
try {
  for (const engine of engines) {
    const columns: Costs[] = [];
    for (const size of sizes) {
      process.stderr.write(`${engine}, ${size.toLocaleString('en')} profiles …\n`);
      const database = `bench_${size}`;
      if (engine === 'PostgreSQL') await postgres.createDatabase(database);
      columns.push(await costs(engine === 'PostgreSQL' ? postgres.url + database : '', size));
    }
    for (const operation of Object.keys(columns[0] ?? {})) {
      const values = columns.map((each) => each[operation] ?? Number.NaN);
      const growth = (values.at(-1) ?? Number.NaN) / (values[0] ?? Number.NaN);
      table.push([engine, operation, ...values.map((ms) => ms.toFixed(2)), `× ${growth.toFixed(1)}`]);
    }
  }
} finally {
  await postgres.stop();
}
const head = ['Engine', 'Milliseconds', ...sizes.map((size) => size.toLocaleString('en')), 'Growth'];
const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
process.stdout.write(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; medians\n\n`);
process.stdout.write(
  line(head) + line(head.map((_, at) => (at < 2 ? '---' : '---:'))) + table.map(line).join(''),
);
