import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whether other users of this computer can reach a file, that is, search every folder above it. */
export function isOpenToOthers(path: string): boolean {
  const parent = dirname(path);
  return (statSync(parent).mode & 0o001) !== 0 && (parent === path || isOpenToOthers(parent));
}

/** Tests that start this program as another user are skipped in a folder that only its owner can open, such as `/root`. */
export const cloneIsOpen = process.platform !== 'win32' && isOpenToOthers(import.meta.filename);

/** For the title of such tests. */
export const whySkipped = cloneIsOpen ? '' : ' (skipped: other users cannot open the folder of this clone)';
