import type { ChildProcess } from 'node:child_process';
import { withCallerUmask } from './caller.ts';

export interface StartOptions {
  /** The complete environment: nothing is inherited from this process. */
  environment: NodeJS.ProcessEnv;
  stdio: 'inherit' | 'ignore' | ('pipe' | 'ignore')[];
  cwd?: string | undefined;
  /** Keeps running when this process exits. */
  detached?: boolean;
}

/**
 * The only place that starts another program: never through a shell, with the caller's umask, and with the given
 * environment. A program that cannot be started, or whose pipe breaks, does not end this process: listen to `error` and
 * `close` for the result.
 */
export function startProgram(file: string, args: readonly string[], options: StartOptions): ChildProcess {
  const { environment, stdio, cwd, detached = false } = options;
  // Most commands start no program, and loading this takes a tenth of the time of a command that reads.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = withCallerUmask(() =>
    spawn(file, args, { env: environment, stdio, cwd, detached, windowsHide: stdio !== 'inherit' }),
  );
  for (const each of [child, child.stdin, child.stdout, child.stderr]) each?.on('error', () => {});
  return child;
}
