import { spawn as spawnProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { atEnd } from '../for-file.ts';
import { compileCache } from '../setup/compile-cache.ts';
import { type CommandRequest, canShareProcess, startInHost } from './command-hosts.ts';
import { type Finished, outputOf, type ProcessOutput } from './process-output.ts';

export const program = join(import.meta.dirname, '../../../bin/webex-token.cjs');

const emptyCrontab = join(import.meta.dirname, 'empty-crontab');

export interface Running extends ProcessOutput {
  kill(signal: NodeJS.Signals): void;
  /** Writes to standard input, which stays open if the program was started with the input `null`. */
  write(text: string): void;
  pid: number;
}

/** Files in place of the pipes to the tests. */
type Outputs = NonNullable<CommandRequest['outputs']>;

/** A fresh machine for commands: its own data folder and port, and no keychain. Removed when the test ends. */
export interface Machine {
  home: string;
  port: number;
  environment: NodeJS.ProcessEnv;
  /** Runs a command to its end, in a process that it shares with other commands if that makes no difference. */
  run(args: string[], input?: string | Buffer, outputs?: Outputs): Promise<Finished>;
  /** Starts one. With the input `null`, standard input stays open, and the process is its own. */
  start(args: string[], input?: string | Buffer | null, outputs?: Outputs): Running;
  /** Starts one in its own process. */
  spawn(args: string[], input?: string | Buffer | null): Running;
}

const thisCheckout: readonly string[] = [process.execPath, program];

/** `command` starts the program: by default, that of this checkout. */
export async function machine(
  simulator?: Simulator,
  more: NodeJS.ProcessEnv = {},
  command: readonly string[] = thisCheckout,
): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const home = join(folder, 'home');
  const port = await freePort();
  const environment: NodeJS.ProcessEnv = {
    // The tests must not see the crontab of the person who runs them.
    PATH: `${emptyCrontab}${delimiter}${process.env.PATH}`,
    HOME: folder,
    // Tests compare times with those that the program prints.
    ...(process.env.TZ !== undefined && { TZ: process.env.TZ }),
    NODE_COMPILE_CACHE: compileCache,
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_PORT: String(port),
    ...(simulator && simulatorEnvironment(simulator)),
    ...more,
  };
  const spawn = (args: string[], input: string | Buffer | null = '') =>
    startProcess([...command, ...args], environment, input);
  const start = (args: string[], input: string | Buffer | null = '', outputs: Outputs = {}) =>
    input !== null && command === thisCheckout && canShareProcess(environment)
      ? startInHost(program, { args, environment, input, outputs })
      : spawn(args, input);
  const run = (args: string[], input: string | Buffer = '', outputs: Outputs = {}) =>
    start(args, input, outputs).finished;
  return { home, port, environment, run, start, spawn };
}

export function simulatorEnvironment({ endpoints }: Simulator): NodeJS.ProcessEnv {
  return {
    WEBEX_TOKEN_IDBROKER_URL: endpoints.commercial.idbroker,
    WEBEX_TOKEN_API_URL: endpoints.commercial.api,
    WEBEX_TOKEN_SCIM_URL: endpoints.commercial.scim,
    WEBEX_TOKEN_IDBROKER_F_URL: endpoints.government.idbroker,
    WEBEX_TOKEN_API_F_URL: endpoints.government.api,
    WEBEX_TOKEN_SCIM_F_URL: endpoints.government.scim,
  };
}

function startProcess(
  [file = '', ...args]: string[],
  environment: NodeJS.ProcessEnv,
  input: string | Buffer | null,
): Running {
  const child = spawnProcess(file, args, { env: environment, stdio: 'pipe' });
  const output = outputOf(child);
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await output.finished;
  });
  return {
    ...output,
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    write: (text) => void child.stdin.write(text),
  };
}

/**
 * A port that is free on both loopback addresses, for this test until it ends. Not one of those that systems hand out by
 * themselves (32768 and above on Linux, 49152 elsewhere), or that browsers refuse (10080 is the last one).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_081, 32_000);
    if (!(await reserve(port))) continue;
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port;
  }
}

/** Holds the UDP port of this number, which nothing here uses otherwise: tests in other processes see that it is taken. */
async function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4').unref();
  socket.bind({ port, address: '127.0.0.1', exclusive: true });
  const isReserved = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  atEnd(() => socket.close());
  return isReserved;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A machine may have no IPv6.
    server.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(code !== 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
