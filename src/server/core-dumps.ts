import { readFileSync } from 'node:fs';
import { runHelper } from '../process/run-helper.ts';

/*
 * A core dump of a crashed program contains its memory, including every decrypted token and key. On Linux, a process limit
 * controls core dumps (core(5)). macOS and Windows write none unless they are configured to.
 */

/** Whether a process writes a core dump when it crashes. Null if unknown. */
export function mayDumpCore(pid: number | 'self' = 'self'): boolean | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    const [, soft] = /^Max core file size +(\S+)/m.exec(limits) ?? [];
    return soft === undefined ? null : soft !== '0';
  } catch {
    return null;
  }
}

/** Where the system writes core dumps: a file name, or a program after `|`. */
export function coreDumpPath(): string {
  try {
    return readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  } catch {
    return '';
  }
}

/** Disables core dumps for processes that have tokens in memory for long. Best effort; `doctor` reports if it did not work. */
export async function disableCoreDumps(): Promise<void> {
  if (mayDumpCore() !== true) return;
  // Node cannot change its own limits; prlimit is part of util-linux.
  await runHelper('prlimit', ['--pid', String(process.pid), '--core=0:0']);
}
