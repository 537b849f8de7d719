import { type ChildProcess, spawn } from 'node:child_process';
import { withCallerUmask } from './caller.ts';

export interface StartOptions {
  /** All of it: nothing of this process's own environment goes along. */
  environment: NodeJS.ProcessEnv;
  stdio: 'inherit' | 'ignore' | ('pipe' | 'ignore')[];
  cwd?: string | undefined;
  /** It lives on when this process ends. */
  detached?: boolean;
}

/**
 * The only place where this program starts another one: never through a shell, with the caller's umask, and with the
 * environment that is given. A program that cannot be started, or whose pipe breaks, ends nothing here: listen to
 * `error` and `close` for what became of it.
 */
export function startProgram(file: string, args: readonly string[], options: StartOptions): ChildProcess {
  const { environment, stdio, cwd, detached = false } = options;
  const child = withCallerUmask(() =>
    spawn(file, args, { env: environment, stdio, cwd, detached, windowsHide: stdio !== 'inherit' }),
  );
  for (const each of [child, child.stdin, child.stdout, child.stderr]) each?.on('error', () => {});
  return child;
}
