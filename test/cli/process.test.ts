import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { machine, program } from '../support/cli/cli-process.ts';
import { printedLink } from '../support/cli/follow-link.ts';
import { machineWithToken } from '../support/cli/stored-token.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { simulated } from '../support/test-simulator.ts';

const linux = process.platform === 'linux';
/** Node chooses a free port for its debugger, so that other programs on this computer do not interfere. */
const anyDebuggerPort = { NODE_OPTIONS: '--inspect-port=0' };

/** How many sockets of a process listen, on any address. */
function listening(pid: number): number {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    }),
  );
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n'),
  );
  return rows.filter((row) => {
    const fields = row.trim().split(/\s+/);
    return fields[3] === '0A' && sockets.has(`socket:[${fields[9]}]`);
  }).length;
}

/** Resolves once the program has printed that on standard error, with everything that it has printed by the time of the call. */
async function saying(child: ChildProcessByStdio<null, Readable | null, Readable>, words: string) {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.on('close', (code, signal) => reject(new Error(`it ended, ${code ?? signal}: ${said}`)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes(words)) resolve();
    });
  });
  return () => said;
}

describe.skipIf(process.platform === 'win32')('SIGUSR1, by which Node would open its debugger', () => {
  it('opens no port and does not stop the server', async () => {
    const here = await machine(undefined, anyDebuggerPort);
    const serve = here.spawn(['serve', '--no-open']);
    await printedLink(serve);
    const before = linux ? listening(serve.pid) : 0;
    for (let turn = 0; turn < 5; turn += 1) {
      serve.kill('SIGUSR1');
      expect((await fetch(`http://localhost:${here.port}/healthz`)).status).toBe(200);
    }
    if (linux) expect(listening(serve.pid)).toBe(before);
    serve.kill('SIGINT');
    const { code, stderr } = await serve.finished;
    expect(code).toBe(0);
    expect(stderr).not.toContain('Debugger');
  });

  it('opens no port in an old Node that starts the one from npm', async () => {
    const here = await machine(undefined, anyDebuggerPort);
    const pretend = join(here.home, '..', 'old-node.cjs');
    writeFileSync(
      pretend,
      `if (!process.env.PRETENDED) Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } });
       process.env.PRETENDED = 'yes';`,
    );
    const child = spawn(process.execPath, ['-r', pretend, program, 'serve', '--no-open'], {
      env: here.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const stderr = await saying(child, '/access/');
    for (let turn = 0; turn < 5; turn += 1) {
      child.kill('SIGUSR1');
      expect((await fetch(`http://localhost:${here.port}/healthz`)).status).toBe(200);
    }
    // The server is the one that it started.
    if (linux) expect(listening(child.pid ?? 0)).toBe(0);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(stderr()).not.toContain('Debugger');
  });
});

describe.skipIf(process.platform === 'win32')('an old Node that starts the one from npm', () => {
  it('passes a signal on that arrives while it starts the other', async () => {
    const folder = temporaryFolder();
    const other = join(folder, 'node_modules', 'node', 'bin', 'node');
    const copy = join(folder, 'bin', 'webex-token.cjs');
    for (const file of [other, copy]) mkdirSync(dirname(file), { recursive: true });
    copyFileSync(program, copy);
    const ready = join(folder, 'ready');
    writeFileSync(
      other,
      `#!/bin/sh\ntrap 'exit 9' TERM\n: > '${ready}'\nwhile [ -e '${ready}' ]; do sleep 0.02; done\n`,
      { mode: 0o700 },
    );
    const pretend = join(folder, 'old-node.cjs');
    writeFileSync(
      pretend,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.0.0' } });
       const child = require('child_process'), { spawn } = child, { existsSync } = require('fs');
       child.spawn = (...args) => {
         const started = spawn(...args);
         const never = new Int32Array(new SharedArrayBuffer(4));
         while (!existsSync(${JSON.stringify(ready)})) Atomics.wait(never, 0, 0, 10);
         process.kill(process.pid, 'SIGTERM');
         return started;
       };`,
    );
    const first = spawn(process.execPath, ['-r', pretend, copy, 'list'], { stdio: 'ignore' });
    onTestFinished(() => void first.kill('SIGKILL'));
    expect(await once(first, 'exit')).toEqual([9, null]);
  });
});

describe('the files of a server', () => {
  it.skipIf(!linux)('are accessible only to their owner, regardless of the umask of the caller', async () => {
    const here = await machineWithToken();
    const child = spawn(
      'sh',
      ['-c', 'umask 000; exec "$0" "$@"', process.execPath, program, 'serve', '--no-open'],
      {
        env: here.environment,
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    await saying(child, '/access/');
    expect(readFileSync(`/proc/${child.pid}/status`, 'utf8')).toMatch(/^Umask:\s+0077$/m);
    const files = readdirSync(here.home).map((name) => join(here.home, name));
    expect(files.length).toBeGreaterThan(3);
    for (const file of [here.home, ...files]) {
      // A temporary file gets its final name meanwhile.
      const stats = statSync(file, { throwIfNoEntry: false });
      if (stats !== undefined) expect([file, stats.mode & 0o077]).toEqual([file, 0]);
    }
  });
});

describe.skipIf(!linux)('core dumps', () => {
  const prlimit = spawnSync('prlimit', ['--version']).error === undefined;
  /** Whether a process here may be given a limit above nothing. */
  const mayRaise = spawnSync('sh', ['-c', 'ulimit -S -c unlimited']).status === 0;

  const started = (limit: string, args: string[], cwd: string, env: NodeJS.ProcessEnv) =>
    spawn('sh', ['-c', `ulimit -S -c ${limit}; exec "$0" "$@"`, process.execPath, program, ...args], {
      env,
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it.skipIf(!prlimit || !mayRaise)('are not written when a server crashes', async () => {
    const here = await machine(await simulated());
    const folder = join(here.home, '../where-it-runs');
    mkdirSync(folder);
    const child = started('unlimited', ['serve', '--no-open'], folder, here.environment);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.on('close', (_code, signal) => resolve(signal)),
    );
    await saying(child, '/access/');
    const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
    expect(limits).toMatch(/^Max core file size +0 +0 /m);
    const { stdout } = await here.run(['doctor', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ title: 'Core dumps', ok: true })]),
    });
    child.kill('SIGSEGV');
    expect(await ended).toBe('SIGSEGV');
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!mayRaise)('are reported by doctor with their location and a fix', async () => {
    const here = await machine(await simulated());
    const findingWith = async (limit: string): Promise<unknown> => {
      const child = started(limit, ['doctor', '--json'], join(here.home, '..'), here.environment);
      let out = '';
      for await (const text of child.stdout) out += String(text);
      const { findings } = JSON.parse(out) as { findings: { title: string }[] };
      return findings.find(({ title }) => title === 'Core dumps');
    };
    const [some, none] = await Promise.all([findingWith('unlimited'), findingWith('0')]);
    expect(some).toMatchObject({
      ok: null,
      message: expect.stringMatching(/including tokens.*ulimit -c 0/),
    });
    expect(none).toMatchObject({ ok: true });
  });
});
