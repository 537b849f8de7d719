import { join } from 'node:path';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { type BenchHome, benchHome } from './bench-vault.ts';
import { startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * From the start of the process until it listens, and its memory then: the token API on either engine, the web app, and
 * next to them a bare Express with helmet. In turn.
 */
const runs = Number(process.env.BENCH_RUNS ?? 11);
const program = join(import.meta.dirname, '../bin/webex-token.cjs');

const postgres = await startPostgres();
await postgres.createDatabase('bench');
const sqlite = await benchHome();
const shared = await benchHome(`${postgres.url}bench`);

const api = (home: BenchHome) => () =>
  startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], home.environment);
const contenders = {
  'bare Express + helmet': () =>
    startServer((port) => [join(import.meta.dirname, 'servers/bare-express.ts'), String(port)]),
  'webex-token serve --api, SQLite': api(sqlite),
  'webex-token serve --api, PostgreSQL': api(shared),
  'webex-token serve (the web app), SQLite': () =>
    startServer(() => [program, 'serve', '--no-open'], { ...sqlite.environment, WEBEX_TOKEN_PORT: '39377' }),
};

const found = new Map(
  Object.keys(contenders).map((name) => [name, { ms: [] as number[], mib: [] as number[] }]),
);
for (let run = -1; run < runs; run += 1) {
  for (const [name, start] of Object.entries(contenders)) {
    const started = performance.now();
    const server = await start();
    const ms = performance.now() - started;
    const mib = server.memory();
    await server.stop();
    if (run < 0) continue;
    found.get(name)?.ms.push(ms);
    found.get(name)?.mib.push(mib);
  }
}
sqlite.remove();
shared.remove();
await postgres.stop();

process.stdout.write(
  `Node ${process.versions.node}, median of ${runs} alternating starts\n\n| Start-up | ms until it listens | MiB |\n| --- | ---: | ---: |\n`,
);
for (const [name, { ms, mib }] of found) {
  process.stdout.write(`| ${name} | ${median(ms).toFixed(0)} | ${median(mib)} |\n`);
}
