import { Agent, request } from 'node:http';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import pg from 'pg';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { verifyAudit } from '../src/store/audit/audit.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import { benchHome } from './bench-vault.ts';
import { freePort, type MeasuredServer, processorMicroseconds, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * Measures the token endpoint on PostgreSQL, with a durable audit row for every request. The modes run in turn on one machine,
 * which also runs the database:
 *
 * - SQLite, one replica, and one replica behind a network that delays every byte by a millisecond in each direction to and from
 *   the database, each with 16 connections without pauses;
 * - one, two and four replicas, each with 8 connections that pause between requests, which keeps the processors from being the
 *   limit.
 *
 * Meanwhile, it asks PostgreSQL every few milliseconds which processes wait for a lock. Targets: 0.5 of SQLite's rate, and 0.6
 * of that with the delay; two replicas 1.7 times one, and four 3 times, by the processor time of each; no process waits for a
 * transaction.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const connections = 16;
const pausingConnections = 8;
const pauseMs = 50;
const delayMs = 1;
const body = 'grant_type=client_credentials&scope=Identity%3ASCIM';
const program = join(import.meta.dirname, '../bin/webex-token.cjs');

const postgres = await startPostgres({ flags: ['-c', 'fsync=on'] });
await postgres.createDatabase('bench');
const home = await benchHome(`${postgres.url}bench`);
const onSqlite = await benchHome();
const client = { name: 'bench', profiles: ['acme'] };
const { secret } = await home.use((vault) => addClient(vault, client, {}));
const { secret: secretOnSqlite } = await onSqlite.use((vault) => addClient(vault, client, {}));

const proxyPort = await freePort();
const proxy = await startServer(() => [
  join(import.meta.dirname, 'servers/delaying-proxy.ts'),
  String(proxyPort),
  new URL(postgres.url).port,
  String(delayMs),
]);
const proxyUrl = new URL(`${postgres.url}bench`);
proxyUrl.hostname = '127.0.0.1';
proxyUrl.port = String(proxyPort);

const serve = (environment: NodeJS.ProcessEnv) =>
  startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], environment);
const sqlite = await serve(onSqlite.environment);
const behindProxy = await serve({ ...home.environment, WEBEX_TOKEN_DATABASE_URL: proxyUrl.href });
const replicas: MeasuredServer[] = [];
for (let count = 0; count < 4; count += 1) replicas.push(await serve(home.environment));
const [one] = replicas;
if (one === undefined) throw new Error('no replica');
const atRest = replicas.map((each) => each.memory());

interface Measurement {
  perSecond: number;
  p50: number;
  p99: number;
  /** Processor time of the replicas. Microseconds. */
  processor: number;
  /** Processor time of the database. Microseconds. */
  database: number;
  /** Database transactions for each request. */
  transactions: number;
}

/** For each kind of lock, how often a sample found a process waiting for it. */
const waits = new Map<string, number>();
let samples = 0;

const modes: [string, MeasuredServer[], (servers: MeasuredServer[]) => Promise<Load>][] = [
  ['SQLite', [sqlite], ([server]) => withoutPauses(server ?? sqlite, secretOnSqlite)],
  ['one replica', [one], ([server]) => withoutPauses(server ?? one, secret)],
  [
    `one replica, ${delayMs} ms each way to the database`,
    [behindProxy],
    ([server]) => withoutPauses(server ?? behindProxy, secret),
  ],
  ['one replica, with pauses', [one], withPauses],
  ['two replicas, with pauses', replicas.slice(0, 2), withPauses],
  ['four replicas, with pauses', replicas, withPauses],
];
const results = new Map<string, Measurement[]>(modes.map(([name]) => [name, []]));
const monitor = new pg.Client({ connectionString: `${postgres.url}postgres` });
await monitor.connect();
for (let round = -1; round < rounds; round += 1) {
  for (const [name, servers, load] of modes) {
    const before = { processor: processorTimeOf(servers), ...(await databaseUse()) };
    const watching = watchLocks(round >= 0);
    const { requests, perSecond, p50, p99 } = await load(servers);
    await watching.stop();
    const processor = processorTimeOf(servers) - before.processor;
    const after = await databaseUse();
    const found = {
      perSecond,
      p50,
      p99,
      processor: processor / requests,
      database: (after.database - before.database) / requests,
      transactions: (after.transactions - before.transactions) / requests,
    };
    if (round >= 0) results.get(name)?.push(found);
  }
}
const underLoad = replicas.map((each) => each.memory());
await monitor.end();
await Promise.all([sqlite, behindProxy, ...replicas].map((each) => each.stop()));
await proxy.stop();
const verified = await home.use((vault) => verifyAudit(vault.db));
home.remove();
onSqlite.remove();
await postgres.stop();

const medianOf = (name: string, key: keyof Measurement) =>
  median((results.get(name) ?? []).map((each) => each[key]));
const ratio = (name: string, to: string, key: keyof Measurement) =>
  (medianOf(name, key) / medianOf(to, key)).toFixed(2);
const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
const names = modes.map(([name]) => name);
const [, single = '', delayed = '', paused = '', two = '', four = ''] = names;
process.stdout.write(
  [
    `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; ${connections} connections, or ${pausingConnections} for each replica with pauses of ${pauseMs} ms; median of ${rounds} rounds of ${seconds} s\n\n`,
    line([
      '',
      'requests/s',
      'p50 ms',
      'p99 ms',
      'processor µs/request',
      'of the database',
      'transactions/request',
    ]),
    line(['---', '---:', '---:', '---:', '---:', '---:', '---:']),
    ...names.map((name) =>
      line([
        name,
        medianOf(name, 'perSecond').toFixed(0),
        medianOf(name, 'p50').toFixed(0),
        medianOf(name, 'p99').toFixed(0),
        medianOf(name, 'processor').toFixed(0),
        ...(name === 'SQLite'
          ? ['', '']
          : [medianOf(name, 'database').toFixed(0), medianOf(name, 'transactions').toFixed(2)]),
      ]),
    ),
    `\none replica: ${ratio(single, 'SQLite', 'perSecond')} of SQLite's rate; ${ratio(delayed, single, 'perSecond')} of that with the delay\n`,
    `two replicas: ${ratio(two, paused, 'perSecond')} times one; four: ${ratio(four, paused, 'perSecond')} times one, ${((4 * medianOf(paused, 'processor')) / medianOf(four, 'processor')).toFixed(2)} times by the processor time of a request\n`,
    `waiting for a lock in ${samples} samples: ${[...waits].map(([kind, count]) => `${kind} ${count}`).join(', ') || 'no process'}\n`,
    `MiB at rest ${atRest.join(', ')}, under load ${underLoad.join(', ')}; ${verified.rows} audit rows in ${verified.chains} chains, ${verified.broken === null ? 'unbroken' : `broken: ${JSON.stringify(verified.broken)}`}\n`,
  ].join(''),
);

interface Load {
  requests: number;
  perSecond: number;
  p50: number;
  p99: number;
}

function processorTimeOf(servers: MeasuredServer[]): number {
  return servers.reduce((sum, each) => sum + each.processorTime(), 0);
}

/** The transactions and the processor time (microseconds) of the database so far. Waits until its statistics are current. */
async function databaseUse(): Promise<{ transactions: number; database: number }> {
  await sleep(1_200);
  const counts = await monitor.query<{ count: string }>(
    "select xact_commit + xact_rollback as count from pg_stat_database where datname = 'bench'",
  );
  const processes = await monitor.query<{ pid: number }>(
    'select pid from pg_stat_activity where pid <> pg_backend_pid()',
  );
  return {
    transactions: Number(counts.rows[0]?.count),
    database: processes.rows.reduce((sum, { pid }) => sum + processorMicroseconds(pid), 0),
  };
}

function watchLocks(counts: boolean): { stop: () => Promise<void> } {
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const { rows } = await monitor.query<{ kind: string }>(
        "select wait_event as kind from pg_stat_activity where datname = 'bench' and wait_event_type = 'Lock'",
      );
      if (counts) samples += 1;
      for (const { kind } of counts ? rows : []) waits.set(kind, (waits.get(kind) ?? 0) + 1);
      await sleep(5);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await watching;
    },
  };
}

function headersFor(clientSecret: string | null): Record<string, string> {
  return {
    authorization: `Basic ${Buffer.from(`bench:${clientSecret}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  };
}

async function withoutPauses(server: MeasuredServer, clientSecret: string | null): Promise<Load> {
  const result = await autocannon({
    url: `${server.origin}/oauth/token`,
    method: 'POST',
    connections,
    duration: seconds,
    body,
    headers: headersFor(clientSecret),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refused, ${result.errors} failed`);
  const { requests, latency } = result;
  return { requests: requests.total, perSecond: requests.average, p50: latency.p50, p99: latency.p99 };
}

/** Connections to each replica that pause between a response and the next request. */
async function withPauses(servers: MeasuredServer[]): Promise<Load> {
  const until = performance.now() + seconds * 1000;
  const latencies: number[] = [];
  const connection = async ({ origin }: MeasuredServer) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await sleep(Math.random() * pauseMs);
    while (performance.now() < until) {
      const start = performance.now();
      await post(`${origin}/oauth/token`, agent);
      latencies.push(performance.now() - start);
      await sleep(pauseMs);
    }
    agent.destroy();
  };
  await Promise.all(
    servers.flatMap((server) => Array.from({ length: pausingConnections }, () => connection(server))),
  );
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { requests: sorted.length, perSecond: sorted.length / seconds, p50: at(0.5), p99: at(0.99) };
}

function post(url: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent, headers: headersFor(secret) }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the response has the status ${response.statusCode}`));
      });
    })
      .once('error', reject)
      .end(body);
  });
}
