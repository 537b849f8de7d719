import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../src/program-files.ts';
import { writeProfileCsv } from './profile-csv.ts';
import { freePort } from './servers/start.ts';

/*
 * Measures `serve` on SQLite with 100,000 profiles from `profile import`, a webhook, and a Webex that responds with 503: the
 * longest turn of the event loop and the slowest response of `/healthz` in each phase. Runs the built program
 * (`npm run build`).
 *
 * node bench/serve.ts [PROFILES [MILLISECONDS]]
 */
const count = Number(process.argv[2] ?? 100_000);
const firstPhaseMs = Number(process.argv[3] ?? 60_000);
const program = join(packageRoot, 'bin', 'webex-token.cjs');
const folder = mkdtempSync(join(tmpdir(), 'webex-token-bench-'));

const webhook = await listen(
  createServer((request, response) => request.resume().on('end', () => response.end())),
);
const webex = await listen(createServer((_, response) => response.writeHead(503).end()));
const port = await freePort();
const environment = {
  ...process.env,
  NODE_ENV: 'production',
  WEBEX_TOKEN_PORT: String(port),
  WEBEX_TOKEN_HOME: join(folder, 'home'),
  WEBEX_TOKEN_KEY_FILE: join(folder, 'home', 'key.jwk'),
  WEBEX_TOKEN_API_URL: `http://127.0.0.1:${portOf(webex)}/v1`,
};
const withWebhook = { ...environment, WEBEX_TOKEN_WEBHOOK_URL: `http://127.0.0.1:${portOf(webhook)}/hook` };

try {
  const rows: string[][] = [];
  printTime(
    `import ${count.toLocaleString('en')} profiles`,
    await timed(() => run('profile', 'import', writeProfileCsv(folder, 'customer', count))),
  );
  printTime('`list`, in a table', await timed(() => run('list')));
  printTime('`list --json`', await timed(() => run('list', '--json')));

  const server = spawn(
    process.execPath,
    ['--import', join(import.meta.dirname, 'servers', 'report-turns.ts'), program, 'serve', '--no-open'],
    { env: withWebhook, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  await started(server);
  await phase(server, rows, 'first minute: sends the reminders that are due', () => sleep(firstPhaseMs));
  await phase(server, rows, '`/metrics`, ten times', async () => {
    for (let at = 0; at < 10; at += 1) await (await fetch(`http://localhost:${port}/metrics`)).text();
  });
  await phase(server, rows, '`profile import` of 5,000 profiles in another process', () =>
    run('profile', 'import', writeProfileCsv(folder, 'more', 5_000)),
  );
  await phase(server, rows, '`backup` in another process', () => run('backup', join(folder, 'backup')));
  await phase(server, rows, '`list` in another process', () => run('list'));
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
  // Sends the reminders that the server has not sent yet.
  await run('remind');
  printTime('`remind` with nothing due', await timed(() => run('remind')));
  process.stdout.write(
    '\n| Phase | longest turn, ms | of processor time | slowest /healthz, ms | p99 |\n| --- | ---: | ---: | ---: | ---: |\n',
  );
  for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
} finally {
  webhook.close();
  webex.close();
  rmSync(folder, { recursive: true, force: true });
}

function printTime(title: string, ms: number): void {
  process.stdout.write(`${title}: ${(ms / 1000).toFixed(2)} s\n`);
}

async function phase(
  server: ChildProcess,
  rows: string[][],
  title: string,
  work: () => Promise<unknown>,
): Promise<void> {
  await turns(server);
  const working = new AbortController();
  const latencies = healthLatencies(working.signal);
  await work();
  working.abort();
  const { longest, processor } = await turns(server);
  const health = (await latencies).sort((one, other) => one - other);
  const text = (ms = Number.NaN) => ms.toFixed(1);
  rows.push([
    title,
    text(longest),
    text(processor),
    text(health.at(-1)),
    text(health[Math.floor(health.length * 0.99)]),
  ]);
  process.stdout.write(`${rows.at(-1)?.join(' | ')}\n`);
}

async function healthLatencies(signal: AbortSignal): Promise<number[]> {
  const found: number[] = [];
  while (!signal.aborted) {
    found.push(await timed(async () => await (await fetch(`http://localhost:${port}/healthz`)).text()));
    await sleep(20);
  }
  return found;
}

/** The longest turns of the event loop since the last request. Milliseconds. */
interface Turns {
  longest: number;
  processor: number;
}

async function turns(server: ChildProcess): Promise<Turns> {
  server.send('turns');
  const [message] = await once(server, 'message');
  return message as Turns;
}

async function run(...args: string[]): Promise<void> {
  const child = spawn(process.execPath, [program, ...args], {
    env: args[0] === 'remind' ? withWebhook : environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
}

async function started(server: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-2000);
        if (output.includes('localhost:')) resolve();
      });
    }
    server.once('exit', () => reject(new Error(`the server ended: ${output}`)));
  });
}

async function listen(server: Server): Promise<Server> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
