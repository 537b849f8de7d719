import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A program to measure. */
export interface Command {
  program: string;
  args: string[];
  environment?: NodeJS.ProcessEnv;
}

/**
 * The processor time of a process and of the processes that it started. Milliseconds. Unlike time on the clock, it hardly depends
 * on other work of the machine. bash measures it to the millisecond. Node does not report it for a child process.
 */
export function processorMs({ program, args, environment }: Command): number {
  const { status, stderr } = spawnSync(
    'bash',
    ['-c', 'exec 3>&2; TIMEFORMAT="%3U %3S"; time "$@" >/dev/null 2>&3', 'bash', program, ...args],
    { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
  );
  const [user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  if (status === 0 && user !== undefined && system !== undefined) return (user + system) * 1000;
  throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`);
}

/** Whether a program is installed. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Runs a program to its end. Throws if it fails. */
export async function run({ program, args, environment }: Command): Promise<void> {
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}
