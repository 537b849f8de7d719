import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { BrokerError } from './errors.ts';

/*
 * Windows keeps no mode bits: there the data folder lies in the person's own profile, which others cannot enter.
 */
const hasModes = process.platform !== 'win32';

/** Makes the data folder, for its owner alone, or refuses one that others may enter. Throws `E_LOOSE_FILE`, `E_HOME`. */
export function privateFolder(path: string): void {
  try {
    if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) {
      if (hasModes) chmodSync(path, 0o700);
      return;
    }
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new BrokerError('E_HOME', `The data folder ${path} cannot be made (${code}).`, {
      help: 'Name one that you may write in with WEBEX_TOKEN_HOME.',
      cause: error,
    });
  }
  refuseLooseFolder(path);
}

/** Makes the file, empty and for its owner alone, where there is none; refuses one that others may read or write. */
export function privateFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  refuseLooseFile(path);
}

/** Refuses a folder that others than its owner may enter. */
export function refuseLooseFolder(path: string): void {
  refuseLoose(path, 'folder', '700');
}

/** Refuses a file that others than its owner may read or write. */
export function refuseLooseFile(path: string): void {
  refuseLoose(path, 'file', '600');
}

function refuseLoose(path: string, kind: 'file' | 'folder', mode: string): void {
  if (!hasModes) return;
  const { mode: bits, uid } = statSync(path);
  const me = process.geteuid?.();
  if (me !== undefined && uid !== me && me !== 0) {
    throw new BrokerError('E_LOOSE_FILE', `The ${kind} ${path} belongs to another user of this machine.`, {
      help: 'Nothing was read from it. Use one of your own: WEBEX_TOKEN_HOME names the folder.',
    });
  }
  if ((bits & 0o077) !== 0) {
    const octal = (bits & 0o777).toString(8);
    throw new BrokerError(
      'E_LOOSE_FILE',
      `The ${kind} ${path} is open to other users of this machine (mode ${octal}).`,
      { help: `Close it with: chmod ${mode} '${path}'` },
    );
  }
}

/** Makes what was put into a folder, or taken out of it, last through a power cut. */
export function syncFolder(path: string): void {
  // Windows cannot open a folder; there the rename itself is what lasts.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
