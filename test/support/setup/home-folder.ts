import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Sets a home folder in the checkout if the person's own is not set, does not exist or cannot be written: the browsers, npm
 * and compilers keep files there.
 */
export function ensureHomeFolder(environment: NodeJS.ProcessEnv, checkout: string): void {
  if (isWritable(environment.HOME ?? '')) return;
  const own = join(checkout, 'node_modules/.cache/webex-token-home');
  mkdirSync(own, { recursive: true });
  environment.HOME = own;
  // npm passes on where it looked for its cache.
  delete environment.npm_config_cache;
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
