import { join } from 'node:path';
import { startPostgres } from '../src/demo/postgres-server.ts';
import { type BenchHome, benchHome } from './bench-vault.ts';
import { freePort, startServer } from './servers/start.ts';
import { median } from './statistics.ts';

/*
 * From the start of the process until it listens, by processor time and by the clock, and its memory then: the token API on either
 * engine, the web app, and next to them a bare Express with helmet. In turn.
 */
const program = join(import.meta.dirname, '../bin/webex-token.cjs');

export interface StartUp {
  /** Processor time until it listens. */
  processorMs: number;
  clockMs: number;
  mib: number;
}

/** The medians of so many alternating starts. `databaseUrl`: also with this PostgreSQL. */
export async function measureStartUp(runs: number, databaseUrl?: string): Promise<Map<string, StartUp>> {
  const sqlite = await benchHome();
  const shared = databaseUrl === undefined ? null : await benchHome(databaseUrl);
  const api = (home: BenchHome) => () =>
    startServer((port) => [program, 'serve', '--api', `127.0.0.1:${port}`], home.environment);
  const contenders = {
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
    const found = new Map(Object.keys(contenders).map((name) => [name, [] as StartUp[]]));
    for (let run = -1; run < runs; run += 1) {
      for (const [name, start] of Object.entries(contenders)) {
        const started = performance.now();
        const server = await start();
        const clockMs = performance.now() - started;
        const measured = { processorMs: server.processorTime() / 1000, clockMs, mib: server.memory() };
        await server.stop();
        // The first of each fills caches.
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
