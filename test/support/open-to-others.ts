import { hasMode, isAccessible } from '../../src/demo/postgres-binaries.ts';

/**
 * Tests that start this program as another user are skipped in a clone that only its owner can read: below a folder such as
 * `/root`, or created with a umask such as 0027.
 */
export const cloneIsOpen =
  process.platform !== 'win32' && isAccessible(import.meta.dirname) && hasMode(import.meta.filename, 0o004);

/** For the title of such tests. */
export const whySkipped = cloneIsOpen ? '' : ' (skipped: other users cannot read this clone)';
