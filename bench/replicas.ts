import { cpus } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { verifyAudit } from '../src/store/audit/audit.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import { benchHome } from './bench-vault.ts';
import { type MeasuredServer, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * The token endpoint on PostgreSQL, with a durable audit row for every request: one replica on 16 connections, and two
 * that share them. All of it on one machine, the database too: on two cores they take each other's time.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const connections = 16;
const program = join(import.meta.dirname, '../bin/webex-token.cjs');

const postgres = await startPostgres({ flags: ['-c', 'fsync=on'] });
await postgres.createDatabase('bench');
const home = await benchHome(`${postgres.url}bench`);
const { secret } = await home.use((vault) => addClient(vault, { name: 'bench', profiles: ['acme'] }, {}));
const serve = () => startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], home.environment);
const replicas = [await serve(), await serve()];
const atRest = replicas.map((each) => each.memory());

type Found = { perSecond: number; p50: number; p99: number };
const results: Record<string, Found[]> = { 'one replica': [], 'two replicas': [] };
for (let round = -1; round < rounds; round += 1) {
  for (const [name, servers] of [
    ['one replica', replicas.slice(0, 1)],
    ['two replicas', replicas],
  ] as const) {
    const runs = await Promise.all(servers.map((server) => load(server, connections / servers.length)));
    if (round < 0) continue;
    results[name]?.push({
      perSecond: runs.reduce((sum, { requests }) => sum + requests.average, 0),
      p50: Math.max(...runs.map(({ latency }) => latency.p50)),
      p99: Math.max(...runs.map(({ latency }) => latency.p99)),
    });
  }
}
const underLoad = replicas.map((each) => each.memory());
await Promise.all(replicas.map((each) => each.stop()));
const { rows, broken } = await home.use((vault) => verifyAudit(vault.db));
home.remove();
await postgres.stop();

const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; ${connections} connections, median of ${rounds} rounds of ${seconds} s\n\n`,
);
process.stdout.write(
  line(['PostgreSQL', 'requests/s', 'p50 ms', 'p99 ms']) + line(['---', '---:', '---:', '---:']),
);
for (const [name, found] of Object.entries(results)) {
  const middle = (key: keyof Found) => median(found.map((each) => each[key])).toFixed(0);
  process.stdout.write(line([name, middle('perSecond'), middle('p50'), middle('p99')]));
}
process.stdout.write(
  `\nMiB at rest ${atRest.join(' and ')}, under load ${underLoad.join(' and ')}; ${rows} audit rows, the chain ${broken === null ? 'unbroken' : `broken at ${broken.seq}`}\n`,
);

async function load(server: MeasuredServer, share: number): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${server.origin}/oauth/token`,
    method: 'POST',
    connections: share,
    duration: seconds,
    body: 'grant_type=client_credentials&scope=Identity%3ASCIM',
    headers: {
      authorization: `Basic ${Buffer.from(`bench:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} refused, ${result.errors} failed`);
  return result;
}
