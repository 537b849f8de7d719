import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Running } from './cli-process.ts';
import { CommandOutput } from './command-output.ts';
import type { Finished } from './process-output.ts';

/*
 * A command whose output, exit code and effects are tested runs in a process that has loaded the program already, and runs
 * the next one after it: see processes/command-host.ts. What Node or the system does with a process when it starts
 * (arguments, debug variables, closed streams, terminals) is tested with their own processes.
 */

/** What a host gets for each command. */
export interface CommandRequest {
  args: string[];
  environment: NodeJS.ProcessEnv;
  /** Standard input. */
  input: string | Uint8Array;
  /** Files to open as standard output and standard error. */
  outputs?: { stdout?: string; stderr?: string };
  umask: number;
  cwd: string;
}

/** Its message when the command has ended. */
export interface CommandResult {
  code: number;
}

/** Without a working directory, the command uses that of the tests. */
type Request = Omit<CommandRequest, 'umask' | 'cwd'> & { cwd?: string };

const script = join(import.meta.dirname, '../processes/command-host.ts');

/** Variables that Node reads when it starts, or the program once per process: languages, proxies and certificates. */
const readOnce = /^(NODE_(?!COMPILE_CACHE$).*|SSL_CERT_.*|UV_.*|LC_.*|LANG|(https?|all|no)_proxy)$/i;

/** Whether a command with this environment behaves the same in a host and in its own process. */
export function canShareProcess(environment: NodeJS.ProcessEnv): boolean {
  return !Object.keys(environment).some((name) => readOnce.test(name));
}

/** The hosts of this worker that run no command, by the command that they were started with. */
const idle = new Map<string, CommandHost[]>();

/** How many of them are kept for the next commands. */
const mostIdle = 3;

/** How long a command that still runs when its test ends has to end, before it is killed. Milliseconds. */
const graceMs = 2_000;

/**
 * Runs a command in a host, at the latest to the end of the test. Commands at the same time have different hosts. `by` is a
 * command that starts the host, as another user for example.
 */
export function startInHost(program: string, request: Request, by: string[] = []): Running {
  const like = [...by, program].join(' ');
  const hosts = idle.get(like) ?? [];
  idle.set(like, hosts);
  const host = takeIdle(hosts) ?? new CommandHost(program, by);
  const running = host.start(request);
  let isLate = false;
  void running.finished.then(() => {
    // The signal may arrive after a command that has just ended by itself, and would end the next one.
    if (isLate || hosts.length >= mostIdle) host.end();
    else if (host.isAlive) hosts.push(host);
  });
  onTestFinished(async () => {
    isLate = true;
    running.kill('SIGTERM');
    const killing = setTimeout(() => host.kill(), graceMs);
    await running.finished;
    clearTimeout(killing);
  });
  return running;
}

/** A host may have died while it was idle. */
function takeIdle(hosts: CommandHost[]): CommandHost | undefined {
  for (;;) {
    const host = hosts.pop();
    if (host === undefined || host.isAlive) return host;
  }
}

class CommandHost {
  readonly #child: ChildProcess;
  readonly #stdout: CommandOutput;
  readonly #stderr: CommandOutput;
  isAlive = true;

  constructor(program: string, by: string[]) {
    const mark = `\u0000${randomUUID()}`;
    const [file = '', ...args] = [...by, process.execPath, script, program, mark.slice(1)];
    this.#child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#stdout = new CommandOutput(this.#child.stdout, mark);
    this.#stderr = new CommandOutput(this.#child.stderr, mark);
    this.#child.once('exit', () => {
      this.isAlive = false;
    });
  }

  start(request: Request): Running {
    const child = this.#child;
    this.#keepAlive(true);
    let ended = false;
    const outputs = Promise.all([this.#stdout.next(), this.#stderr.next()]);
    const how = new Promise<Pick<Finished, 'code' | 'signal'>>((resolve) => {
      const onMessage = ({ code }: CommandResult) => {
        ended = true;
        child.off('exit', onExit);
        resolve({ code, signal: null });
      };
      // The command ended its process, or a signal did.
      const onExit = (code: number | null, signal: NodeJS.Signals | null) => {
        ended = true;
        child.off('message', onMessage);
        resolve({ code, signal });
      };
      child.once('message', onMessage).once('exit', onExit);
    });
    const finish = async () => {
      const end = await how;
      const [stdout, stderr] = await outputs;
      this.#keepAlive(false);
      return { ...end, stdout, stderr };
    };
    const finished = finish();
    child.send({ umask: process.umask(), cwd: process.cwd(), ...request } satisfies CommandRequest);
    return {
      finished,
      pid: child.pid ?? 0,
      // After its end, the process is idle or belongs to the next command.
      kill: (signal) => void (ended || child.kill(signal)),
      write: () => {
        throw new Error('the standard input of this command has ended');
      },
      stderrMatching: (pattern) => this.#stderr.matching(pattern, finished),
    };
  }

  /** For a host whose command does not end. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** An idle host does not keep the worker from exiting. */
  #keepAlive(wanted: boolean): void {
    if (wanted) this.#child.ref();
    else this.#child.unref();
    if (wanted) this.#child.channel?.ref();
    else this.#child.channel?.unref();
    for (const output of [this.#stdout, this.#stderr]) output.keepAlive(wanted);
  }
}
