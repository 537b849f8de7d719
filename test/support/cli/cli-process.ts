import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Simulator } from '../../../src/simulator/simulator.ts';

export const program = join(import.meta.dirname, '../../../bin/webex-token.cjs');

const emptyCrontab = join(import.meta.dirname, 'empty-crontab');

const compileCache = join(import.meta.dirname, '../../../node_modules/.cache/webex-token-compiled');

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  /** Resolves with the first match on standard error. Rejects where the program ends before. */
  stderrMatching(pattern: RegExp): Promise<RegExpExecArray>;
  finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
  /** Writes to standard input, which stays open if the program was started with the input `null`. */
  write(text: string): void;
  pid: number;
}

/** A fresh machine for commands: its own data folder and port, and no keychain. Removed when the test ends. */
export interface Machine {
  home: string;
  port: number;
  environment: NodeJS.ProcessEnv;
  run(args: string[], input?: string | Buffer): Promise<Finished>;
  start(args: string[], input?: string | Buffer | null): Running;
}

/** `command` starts the program: by default, that of this checkout. */
export async function machine(
  simulator?: Simulator,
  more: NodeJS.ProcessEnv = {},
  command: readonly string[] = [process.execPath, program],
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
    // Otherwise every start would compile the program again, which is a sixth of its time.
    NODE_COMPILE_CACHE: compileCache,
    WEBEX_TOKEN_HOME: home,
    WEBEX_TOKEN_PORT: String(port),
    ...(simulator && simulatorEnvironment(simulator)),
    ...more,
  };
  const start = (args: string[], input: string | Buffer | null = '') =>
    startProgram([...command, ...args], environment, input);
  return { home, port, environment, start, run: (args, input) => start(args, input).finished };
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

function startProgram(
  [file = '', ...args]: string[],
  environment: NodeJS.ProcessEnv,
  input: string | Buffer | null,
): Running {
  const child = spawn(file, args, { env: environment, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const watcher of watchers) watcher();
  });
  child.stdin.on('error', () => {});
  if (input !== null) child.stdin.end(input);
  const finished = new Promise<Finished>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await finished;
  });
  return {
    finished,
    pid: child.pid ?? 0,
    kill: (signal) => void child.kill(signal),
    write: (text) => void child.stdin.write(text),
    stderrMatching: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(stderr);
          if (match === null) return;
          watchers.delete(look);
          resolve(match);
        };
        watchers.add(look);
        void finished.then(() => reject(new Error(`the program ended: ${stderr}`)));
        look();
      }),
  };
}

/** A port that was free on both loopback families a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
