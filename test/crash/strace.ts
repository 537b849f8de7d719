import { spawnSync } from 'node:child_process';

/** Why writes cannot be recorded here; null where they can. */
export const straceMissing = lookForStrace();

function lookForStrace(): string | null {
  if (process.platform !== 'linux') return 'strace is of Linux';
  const { error, status, stderr } = spawnSync('strace', ['-qq', '-o', '/dev/null', 'true'], {
    encoding: 'utf8',
  });
  if (error !== undefined) return 'strace is not installed (Debian: apt-get install strace)';
  return status === 0 ? null : `strace may not look at processes here: ${stderr.trim()}`;
}

/** Everything that changes a file, or makes a change last. */
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
