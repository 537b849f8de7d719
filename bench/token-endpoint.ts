import { Console } from 'node:console';
import { cpus } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { verifyAudit } from '../src/store/audit/audit.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import { benchHome } from './bench-vault.ts';
import { type MeasuredServer, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * Measures POST /oauth/token on 16 connections, with client authentication, decryption and a durable audit row for every
 * request. For comparison: oidc-provider's client_credentials with its in-memory adapter, and a bare Express with helmet that
 * returns a constant. They run in turn, on the same machine, and one other process sends the requests. Targets: 2.5 times the
 * rate of oidc-provider, 0.85 times that of the bare Express, at most 1.2 times its processor time, and 99 of 100 responses
 * within 10 ms. Then the same on 500 connections: 99 of 100 responses within 50 ms.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const fewConnections = 16;
const manyConnections = 500;

const here = import.meta.dirname;
const program = join(here, '../bin/webex-token.cjs');
const home = await benchHome();
const { secret } = await home.use((vault) => addClient(vault, { name: 'bench', profiles: ['acme'] }, {}));
if (secret === null) throw new Error('the client has no secret');

const servers: Record<string, MeasuredServer> = {
  'webex-token serve --api': await startServer(
    (port) => [program, 'serve', '--api', `127.0.0.1:${port}`],
    home.environment,
  ),
  'oidc-provider': await startServer((port) => [
    join(here, 'servers/oidc-provider.ts'),
    String(port),
    secret,
  ]),
  'bare Express + helmet': await startServer((port) => [join(here, 'servers/bare-express.ts'), String(port)]),
};

interface Measured {
  perSecond: number[];
  p50: number[];
  p99: number[];
  p99OfMany: number[];
  /** Processor time of the server for each request. Microseconds. */
  processor: number[];
  atRest: number;
}

const results = new Map<string, Measured>();
for (const [name, server] of Object.entries(servers)) {
  results.set(name, {
    perSecond: [],
    p50: [],
    p99: [],
    p99OfMany: [],
    processor: [],
    atRest: server.memory(),
  });
  await load(server, 3, fewConnections);
}
for (let round = 0; round < rounds; round += 1) {
  for (const [name, server] of Object.entries(servers)) {
    const before = server.processorTime();
    const { requests, latency } = await load(server, seconds, fewConnections);
    const measured = results.get(name);
    measured?.perSecond.push(requests.average);
    measured?.p50.push(latency.p50);
    measured?.p99.push(latency.p99);
    measured?.processor.push((server.processorTime() - before) / requests.total);
    measured?.p99OfMany.push((await load(server, seconds, manyConnections)).latency.p99);
  }
}

const rows: Record<string, Record<string, number>> = {};
for (const [name, { perSecond, p50, p99, p99OfMany, processor, atRest }] of results) {
  rows[name] = {
    'requests/s': Math.round(median(perSecond)),
    'p50 ms': median(p50),
    'p99 ms': median(p99),
    'worst p99 ms': Math.max(...p99),
    [`p99 ms, ${manyConnections} connections`]: median(p99OfMany),
    'processor µs/request': Math.round(median(processor)),
    'MiB at rest': atRest,
    'MiB under load': servers[name]?.memory() ?? 0,
  };
}
await Promise.all(Object.values(servers).map((server) => server.stop()));
const { rows: audited, broken } = await home.use((vault) => verifyAudit(vault.db));
home.remove();

const ownRate = rows['webex-token serve --api']?.['requests/s'] ?? 0;
const ratioTo = (name: string) => (ownRate / (rows[name]?.['requests/s'] ?? Number.NaN)).toFixed(2);
process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; median of ${rounds} rounds of ${seconds} s\n`,
);
new Console(process.stdout).table(rows);
process.stdout.write(
  `${ratioTo('oidc-provider')} times oidc-provider, ${ratioTo('bare Express + helmet')} times the bare Express\n`,
);
process.stdout.write(
  `${audited} audit rows, the chain ${broken === null ? 'unbroken' : `broken at ${broken.seq}`}\n`,
);

async function load(
  server: MeasuredServer,
  duration: number,
  connections: number,
): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${server.origin}${server === servers['oidc-provider'] ? '/token' : '/oauth/token'}`,
    method: 'POST',
    connections,
    duration,
    body: 'grant_type=client_credentials&scope=Identity%3ASCIM',
    headers: {
      authorization: `Basic ${Buffer.from(`bench:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} requests were refused, ${result.errors} failed`);
  return result;
}
