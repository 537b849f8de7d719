import { spawnSync } from 'node:child_process';

/** Follows every thread, and prints no messages. With a filter in the kernel, only the calls in question cost time. */
const usual = ['-f', '-qq'];
const filtered = [...usual, '--seccomp-bpf'];

const found = process.platform === 'linux' ? look(filtered) : null;
/** The first arguments of every call of strace. */
export const straceOptions = found?.status === 0 ? filtered : usual;

/** Why writes cannot be recorded here; null if they can. */
export const straceMissing = whyMissing();

function whyMissing(): string | null {
  if (found === null) return 'strace is of Linux';
  if (found.error !== undefined) return 'strace is not installed (Debian: apt-get install strace)';
  const { status, stderr } = found.status === 0 ? found : look(usual);
  return status === 0 ? null : `strace may not look at processes here: ${stderr.trim()}`;
}

function look(options: string[]) {
  return spawnSync('strace', [...options, '-o', '/dev/null', 'true'], { encoding: 'utf8' });
}

/** System calls that change a file, or make a change durable. */
export const writingCalls = [
  'openat',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'ftruncate',
  'fsync',
  'fdatasync',
  'rename',
  'renameat2',
  'unlink',
  'unlinkat',
  'link',
  'linkat',
  'mkdir',
];
