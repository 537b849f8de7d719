import { spawnSync } from 'node:child_process';

export interface Injected {
  /** What it printed before its end. */
  said: string[];
  /** Whether it ran to completion. */
  ended: boolean;
  stderr: string;
}

/** Runs one operation (see operate.ts) with faults injected into its system calls, in the syntax of strace. */
export function operateInjected(operate: string, home: string, args: string[], inject: string): Injected {
  const calls = inject.split(':', 1)[0] ?? '';
  // Not filtered in the kernel: strace would deliver no signal then.
  const options = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${inject}`];
  const { stdout, stderr, status, signal } = spawnSync(
    'strace',
    [...options, process.execPath, operate, home, ...args],
    { encoding: 'utf8' },
  );
  const said = stdout.split('\n').filter((line) => line !== '');
  return { said, ended: status === 0 && signal === null, stderr };
}
