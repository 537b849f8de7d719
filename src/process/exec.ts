import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { startProgram } from './start-program.ts';

/** The exit codes of a shell if the program does not exist, and if it cannot be run. */
const notFound = 127;
const notExecutable = 126;

export interface ExecOptions {
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  /**
   * Whether a terminal is attached. Its Ctrl-C and Ctrl-\ reach the program directly, because it is in the same process
   * group. If they were forwarded, they would arrive twice, which many programs take as a request to exit immediately.
   */
  terminal: boolean;
}

/** The program could not be started. `exitCode` is the exit code of a shell in this case. */
export class SpawnError extends BrokerError {
  readonly exitCode: number;

  constructor({ command, environment }: ExecOptions, cause: NodeJS.ErrnoException) {
    // A shell does not find an empty name either.
    const missing =
      command === '' ||
      cause.code === 'ENOENT' ||
      (cause.code === 'EACCES' && !mayExist(command, environment.PATH));
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
 * Whether a program that the system refused to run may exist. The system also refuses if no folder of the search path has the
 * program, and one of them cannot be read.
 */
function mayExist(command: string, searchPath: string | undefined): boolean {
  if (basename(command) !== command || searchPath === undefined) return true;
  return searchPath.split(delimiter).some((folder) => existsSync(join(folder, command)));
}

/**
 * Runs a program with the input and output of this process, and forwards signals to it. Resolves with its exit code, or
 * with 128 + the number of the signal that ended it. Throws `SpawnError`.
 */
export function execute(options: ExecOptions): Promise<number> {
  const { command, args, environment, terminal } = options;
  return new Promise((resolve, reject) => {
    // Before the program is started: someone may see it and send a signal before `spawn` returns.
    const stopPassing = passSignals((signal) => void child?.kill(signal), terminal);
    let child: ChildProcess | undefined;
    try {
      child = startProgram(command, args, { environment, stdio: 'inherit' });
    } catch (error) {
      // For example too many arguments or variables: Node throws some errors and emits others.
      stopPassing();
      reject(new SpawnError(options, error as NodeJS.ErrnoException));
      return;
    }
    child.once('error', (error) => {
      stopPassing();
      reject(new SpawnError(options, error));
    });
    child.once('exit', (code, signal) => {
      stopPassing();
      resolve(exitCodeOf(code, signal));
    });
  });
}

/** The exit code of a shell for a program that ended: 128 + n if signal n ended it. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

const passed: NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
const fromTerminal: NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Passes the signals of this process on, except those that a terminal sends to the program directly. Returns how to stop.
 */
export function passSignals(pass: (signal: NodeJS.Signals) => void, terminal: boolean): () => void {
  const ignore = () => {};
  const listeners: [NodeJS.Signals, NodeJS.SignalsListener][] = [
    ...passed.map((signal): [NodeJS.Signals, NodeJS.SignalsListener] => [signal, pass]),
    ...fromTerminal.map((signal): [NodeJS.Signals, NodeJS.SignalsListener] => [
      signal,
      terminal ? ignore : pass,
    ]),
  ];
  // Windows supports only some of them.
  const known = listeners.filter(([signal]) => process.platform !== 'win32' || !/USR|QUIT/.test(signal));
  for (const [signal, listener] of known) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of known) process.off(signal, listener);
  };
}
