import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The home folder for the programs that tests start: the browsers, npm and compilers keep files there. It is the person's
 * own, or one in the checkout if that is not set, does not exist or cannot be written.
 */
export function homeFolder(home: string | undefined, checkout: string): string {
  if (home !== undefined && isWritable(home)) return home;
  const own = join(checkout, 'node_modules/.cache/webex-token-home');
  mkdirSync(own, { recursive: true });
  return own;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
