import { join } from 'node:path';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { type BenchHome, benchHome } from './bench-vault.ts';
import { freePort, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * Measures the time from the start of a process until it listens (processor time and time on the clock), and its memory then: the
 * token API on both engines, the web app, and for comparison a bare Express with helmet. They run in turn.
 */
const program = join(import.meta.dirname, '../bin/webex-token.cjs');

/** The start of a server. Memory in MiB. */
export interface StartUp {
  /** Processor time until it listens. */
  processorMs: number;
  clockMs: number;
  mib: number;
}

/** The medians of alternating starts. With `databaseUrl`, it also measures the token API on this PostgreSQL database. */
export async function measureStartUp(runs: number, databaseUrl?: string): Promise<Map<string, StartUp>> {
  const sqlite = await benchHome();
  const shared = databaseUrl === undefined ? null : await benchHome(databaseUrl);
  const api = (home: BenchHome) => () =>
    startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], home.environment);
  const servers = {
    'Express with helmet': () =>
      startServer((port) => [join(import.meta.dirname, 'servers/bare-express.ts'), String(port)]),
    'serve --api, SQLite': api(sqlite),
    ...(shared !== null && { 'serve --api, PostgreSQL': api(shared) }),
    'serve, SQLite': async () => {
      const port = String(await freePort());
      return await startServer(() => [program, 'serve', '--no-open'], {
        ...sqlite.environment,
        WEBEX_TOKEN_PORT: port,
      });
    },
  };
  try {
    const found = new Map(Object.keys(servers).map((name) => [name, [] as StartUp[]]));
    for (let run = -1; run < runs; run += 1) {
      for (const [name, start] of Object.entries(servers)) {
        const startedAt = performance.now();
        const server = await start();
        const clockMs = performance.now() - startedAt;
        const measured = { processorMs: server.processorTime() / 1000, clockMs, mib: server.memory() };
        await server.stop();
        // The first start of each server fills caches.
        if (run >= 0) found.get(name)?.push(measured);
      }
    }
    return new Map([...found].map(([name, all]) => [name, medianOf(all)]));
  } finally {
    sqlite.remove();
    shared?.remove();
  }
}

function medianOf(all: readonly StartUp[]): StartUp {
  const of = (key: keyof StartUp) => median(all.map((each) => each[key]));
  return { processorMs: of('processorMs'), clockMs: of('clockMs'), mib: of('mib') };
}

if (import.meta.main) {
  const runs = Number(process.env.BENCH_RUNS ?? 11);
  const postgres = await startPostgres();
  await postgres.createDatabase('bench');
  const found = await measureStartUp(runs, `${postgres.url}bench`);
  await postgres.stop();
  process.stdout.write(
    `Node ${process.versions.node}, median of ${runs} alternating starts\n\n| Start-up | processor ms until it listens | ms on the clock | MiB |\n| --- | ---: | ---: | ---: |\n`,
  );
  for (const [name, { processorMs, clockMs, mib }] of found) {
    process.stdout.write(`| ${name} | ${processorMs.toFixed(0)} | ${clockMs.toFixed(0)} | ${mib} |\n`);
  }
}
