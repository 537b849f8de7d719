import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whether other users of this computer can search every folder above a file. */
function isReachable(path: string): boolean {
  const parent = dirname(path);
  return (statSync(parent).mode & 0o001) !== 0 && (parent === path || isReachable(parent));
}

/**
 * Tests that start this program as another user are skipped in a clone that only its owner can read: below a folder such as
 * `/root`, or created with a umask such as 0027.
 */
export const cloneIsOpen =
  process.platform !== 'win32' &&
  isReachable(import.meta.filename) &&
  (statSync(import.meta.filename).mode & 0o004) !== 0;

/** For the title of such tests. */
export const whySkipped = cloneIsOpen ? '' : ' (skipped: other users cannot read this clone)';
