import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { BrokerError } from '../errors/broker-error.ts';
import { startProgram } from './start-program.ts';

/** What a shell ends with where the program is not there, and where it cannot be run. */
const notFound = 127;
const notExecutable = 126;

export interface ExecOptions {
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  /**
   * Whether a terminal is attached. Its Ctrl-C and Ctrl-\ reach the program by themselves, as it is in the same group;
   * passed on they would come twice, which many programs take for "at once, whatever is lost".
   */
  terminal: boolean;
}

/** A program that could not be started. `exitCode` is what a shell would end with. */
export class SpawnError extends BrokerError {
  readonly exitCode: number;

  constructor(command: string, cause: NodeJS.ErrnoException) {
    const missing = cause.code === 'ENOENT';
    super(
      'E_EXEC',
      missing
        ? `Command not found: "${command}".`
        : `"${command}" cannot be run (${cause.code ?? 'unknown reason'}).`,
      {
        help:
          process.platform === 'win32'
            ? {
                text: 'Run a script such as npm.cmd with its interpreter',
                command: ['exec', 'NAME', '--', 'cmd', '/c', 'npm'],
              }
            : {
                text: 'A program and its arguments follow --. To use shell syntax',
                command: ['exec', 'NAME', '--', 'sh', '-c', '"…"'],
              },
        cause,
      },
    );
    this.exitCode = missing ? notFound : notExecutable;
  }
}

/**
 * Runs a program with this process's own input and output, and passes signals on to it.
 * Resolves with its exit code, or with 128 + the number of the signal that ended it. Throws `SpawnError`.
 */
export function execute(options: ExecOptions): Promise<number> {
  const { command, args, environment, terminal } = options;
  return new Promise((resolve, reject) => {
    // Before the program is there: it may be seen, and a signal be sent because of it, before `spawn` returns.
    const stopPassing = passSignals((signal) => void child?.kill(signal), terminal);
    let child: ChildProcess | undefined;
    try {
      child = startProgram(command, args, { environment, stdio: 'inherit' });
    } catch (error) {
      // Too many arguments or variables, for example: Node throws some reasons and emits the others.
      stopPassing();
      reject(new SpawnError(command, error as NodeJS.ErrnoException));
      return;
    }
    child.once('error', (error) => {
      stopPassing();
      reject(new SpawnError(command, error));
    });
    child.once('exit', (code, signal) => {
      stopPassing();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

const passed: NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const fromTerminal: NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

function passSignals(pass: (signal: NodeJS.Signals) => void, terminal: boolean): () => void {
  const ignore = () => {};
  const listeners: [NodeJS.Signals, NodeJS.SignalsListener][] = [
    ...passed.map((signal): [NodeJS.Signals, NodeJS.SignalsListener] => [signal, pass]),
    ...fromTerminal.map((signal): [NodeJS.Signals, NodeJS.SignalsListener] => [
      signal,
      terminal ? ignore : pass,
    ]),
  ];
  // Windows has some of them only.
  const known = listeners.filter(([signal]) => process.platform !== 'win32' || !/USR|QUIT/.test(signal));
  for (const [signal, listener] of known) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of known) process.off(signal, listener);
  };
}
