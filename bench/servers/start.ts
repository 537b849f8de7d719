import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** A server that is measured, in its own process. */
export interface MeasuredServer {
  origin: string;
  /** Resident memory in MiB; 0 if the system does not report it. */
  memory(): number;
  /** Processor time so far, in microseconds; 0 if the system does not report it. */
  processorTime(): number;
  stop(): Promise<void>;
}

/** Starts Node, or another program, with these arguments, and waits until it prints that it listens. Throws if it exits before. */
export async function startServer(
  args: (port: number) => string[],
  environment: NodeJS.ProcessEnv = {},
  program = process.execPath,
): Promise<MeasuredServer> {
  const port = await freePort();
  const child = spawn(program, args(port), {
    env: { ...process.env, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A benchmark that fails leaves no server behind.
  process.once('exit', () => child.kill());
  await listening(child);
  return {
    origin: `http://127.0.0.1:${port}`,
    memory: () => residentMiB(child.pid ?? 0),
    processorTime: () => processorMicroseconds(child.pid ?? 0),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function listening(child: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (/ready|token API listens on|\/access\//.test(output)) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`the server ended: ${output}`)));
  });
}

function residentMiB(pid: number): number {
  try {
    const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kib) / 1024);
  } catch {
    return 0;
  }
}

/** The processor time of all threads of a process, which Linux reports in nanoseconds; 0 if the system does not report it. */
export function processorMicroseconds(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const nanoseconds = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
  } catch {
    return 0;
  }
}

/** A port that is free on loopback addresses. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
