import { spawnSync } from 'node:child_process';

export interface Injected {
  /** What it said before its end. */
  said: string[];
  /** Whether it got to its end by itself. */
  ended: boolean;
  stderr: string;
}

/** Runs one operation (see operate.ts) with something done to its system calls, in strace's words. */
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
