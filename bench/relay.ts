import { execFileSync } from 'node:child_process';
import { Console } from 'node:console';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { verifyAudit } from '../src/store/audit/audit.ts';
import { addClient } from '../src/vault/clients/clients.ts';
import { benchHome } from './bench-vault.ts';
import { type MeasuredServer, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * Measures GET /scim/acme/Users on 16 connections: authentication, decryption, a durable audit row, and addresses that are
 * changed to those of the relay. For comparison: the same upstream directly, nginx's proxy_pass (if nginx is installed), and a
 * relay of ten lines without any check. They run in turn, on the same machine. Then it sends one request at a time, for the
 * added latency, and measures the memory with 1,000 idle and 200 streaming connections. Targets: 0.4 of nginx's rate or 0.6
 * of the bare relay's, and at most 2 ms more at the median.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 5);
const path = '/v1/scim/11111111-2222-4333-8444-555555555555';

const here = import.meta.dirname;
const program = join(here, '../bin/webex-token.cjs');
const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));
const home = await benchHome();
const { secret } = await home.use((vault) =>
  addClient(vault, { name: 'bench', profiles: ['acme'], relayRights: 'all' }, {}),
);
const upstream = await startServer((port) => [join(here, 'servers/scim-upstream.ts'), String(port), path]);

const relayName = 'webex-token serve --api';
const directName = 'upstream, directly';
const servers: Record<string, MeasuredServer> = {
  [relayName]: await startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], {
    ...home.environment,
    WEBEX_TOKEN_SCIM_URL: `${upstream.origin}/v1/scim`,
  }),
  'bare Node relay': await startServer((port) => [
    join(here, 'servers/bare-relay.ts'),
    String(port),
    upstream.origin,
  ]),
  ...(await nginx()),
  [directName]: upstream,
};

const results = new Map<
  string,
  { perSecond: number[]; p99: number[]; processor: number[]; single: number[] }
>();
for (const [name, server] of Object.entries(servers)) {
  results.set(name, { perSecond: [], p99: [], processor: [], single: [] });
  await load(name, server, 16, 3);
}
for (let round = 0; round < rounds; round += 1) {
  for (const [name, server] of Object.entries(servers)) {
    const before = server.processorTime();
    const { requests, latency } = await load(name, server, 16, seconds);
    const measured = results.get(name);
    measured?.perSecond.push(requests.average);
    measured?.p99.push(latency.p99);
    measured?.processor.push((server.processorTime() - before) / requests.total);
    // autocannon counts whole milliseconds. The mean of one connection is more precise.
    measured?.single.push(1000 / (await load(name, server, 1, seconds)).requests.average);
  }
}
const relay = servers[relayName] as MeasuredServer;
const memory = [`${relay.memory()} MiB after the load`];
memory.push(`${await heldConnections(relay, '/scim/acme/Users', 1_000)} MiB with 1,000 idle connections`);
memory.push(`${await heldConnections(relay, '/scim/acme/Users/slow', 200)} MiB with 200 streaming ones`);

const rows: Record<string, Record<string, number>> = {};
for (const [name, { perSecond, p99, processor, single }] of results) {
  rows[name] = {
    'requests/s': Math.round(median(perSecond)),
    'p99 ms': median(p99),
    'one at a time, ms': Number(median(single).toFixed(2)),
    'processor µs/request': Math.round(median(processor)),
  };
}
await Promise.all(Object.values(servers).map((server) => server.stop()));
const { rows: audited, broken } = await home.use((vault) => verifyAudit(vault.db));
home.remove();
rmSync(folder, { recursive: true, force: true });

process.stdout.write(
  `${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}; median of ${rounds} rounds of ${seconds} s\n`,
);
new Console(process.stdout).table(rows);
const value = (name: string, column: string) => rows[name]?.[column] ?? Number.NaN;
for (const name of Object.keys(rows).filter((each) => each !== relayName)) {
  const ratio = value(relayName, 'requests/s') / value(name, 'requests/s');
  const added = value(relayName, 'one at a time, ms') - value(name, 'one at a time, ms');
  process.stdout.write(
    `${name}: ${ratio.toFixed(2)} times its rate, ${added.toFixed(2)} ms more for one request\n`,
  );
}
process.stdout.write(`${memory.join(', ')}\n`);
process.stdout.write(
  `${audited} audit rows, the chain ${broken === null ? 'unbroken' : `broken at ${broken.seq}`}\n`,
);

/** nginx with one process and no access log; empty if nginx is not installed. */
async function nginx(): Promise<Record<string, MeasuredServer>> {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
  } catch {
    process.stdout.write('nginx is not installed and is skipped\n');
    return {};
  }
  const config = (port: number) => {
    const file = join(folder, 'nginx.conf');
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/pid; error_log stderr;
      events { worker_connections 2048; }
      http {
        access_log off; keepalive_requests 100000000;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
        uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
        upstream scim { server ${new URL(upstream.origin).host}; keepalive 64; keepalive_requests 100000000; }
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://scim; proxy_http_version 1.1; proxy_set_header Connection ""; }
        }
      }`,
    );
    return file;
  };
  // nginx prints nothing when it listens, so the shell prints a line instead.
  const server = await startServer(
    (port) => ['-c', 'echo ready; exec nginx -p "$0" -c "$1"', folder, config(port)],
    {},
    'sh',
  );
  return { 'nginx proxy_pass': server };
}

async function load(
  name: string,
  server: MeasuredServer,
  connections: number,
  duration: number,
): Promise<autocannon.Result> {
  const result = await autocannon({
    url: `${server.origin}${name === relayName ? '/scim/acme' : path}/Users?startIndex=1&count=5`,
    connections,
    duration,
    headers: { authorization: `Bearer ${secret}`, accept: 'application/scim+json' },
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${name}: ${result.non2xx} requests were refused, ${result.errors} failed`);
  return result;
}

/** The server's memory while a number of connections are open, each after the start of a response. MiB. */
async function heldConnections(server: MeasuredServer, target: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const responses: IncomingMessage[] = [];
  for (let at = 0; at < count; at += 1) {
    const sent = get(`${server.origin}${target}`, { agent, headers: { authorization: `Bearer ${secret}` } });
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    // A response that is not read keeps its connection busy.
    response.pause();
    responses.push(response);
  }
  if (target.endsWith('/Users')) {
    for (const response of responses) response.resume();
    await Promise.all(responses.map((response) => (response.complete ? null : once(response, 'end'))));
  }
  const memory = server.memory();
  agent.destroy();
  for (const response of responses) response.destroy();
  return memory;
}
