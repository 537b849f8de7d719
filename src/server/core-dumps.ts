import { readFileSync } from 'node:fs';
import { runHelper } from '../process/run-helper.ts';

/*
 * A program that crashes may leave its memory in a file, and with it every token and key that it held. Linux decides by
 * a limit of each process (core(5)). Elsewhere nothing is known here: macOS and Windows make none unless told to.
 */

/** Whether a process leaves its memory behind when it crashes. Null where that cannot be told. */
export function mayDumpCore(pid: number | 'self' = 'self'): boolean | null {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
    const [, soft] = /^Max core file size +(\S+)/m.exec(limits) ?? [];
    return soft === undefined ? null : soft !== '0';
  } catch {
    return null;
  }
}

/** Where the system puts them: a file's name, or a program after `|`. */
export function coreDumpPath(): string {
  try {
    return readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  } catch {
    return '';
  }
}

/** For what runs on for long with tokens in its memory. Best effort: `doctor` says where it did not work. */
export async function disableCoreDumps(): Promise<void> {
  if (mayDumpCore() !== true) return;
  // Node itself cannot change its limits; this is part of util-linux.
  await runHelper('prlimit', ['--pid', String(process.pid), '--core=0:0'], { timeoutMs: 3_000 });
}
