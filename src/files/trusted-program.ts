import { accessSync, constants, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { shellString } from '../text/quoting.ts';

/** Windows has no mode bits. There, the permissions of the folder decide. */
const hasModes = process.platform !== 'win32';

/**
 * Checks a program that this one starts automatically: it exists, it is executable, and only this user and root can replace
 * it. Throws `E_FILE_PERMISSIONS`, or `E_FILE` if it is not a program.
 */
export function assertTrustedProgram(path: string): void {
  const real = resolved(path);
  const file = statSync(real);
  if (!file.isFile()) throw new BrokerError('E_FILE', `${path} is not a file.`);
  try {
    accessSync(real, constants.X_OK);
  } catch {
    throw new BrokerError('E_FILE', `${path} is not executable. Run: chmod u+x ${shellString(path)}`);
  }
  if (!hasModes) return;
  assertOwner(path, file);
  if ((file.mode & 0o022) !== 0) {
    throw permissionsError(
      `${path} can be changed by other users (mode ${octal(file)}). Run: chmod go-w ${shellString(path)}`,
    );
  }
  // A link is as safe as the folder that it is in, and as the file that it names.
  for (const start of new Set([path, real])) assertFolders(start);
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new BrokerError(
      'E_FILE',
      code === 'ENOENT'
        ? `${path} does not exist. The value is the path of a program, without arguments.`
        : `${path} cannot be read (${code}).`,
    );
  }
}

function assertOwner(path: string, { uid }: Stats): void {
  const me = process.geteuid?.() ?? 0;
  if (uid !== me && uid !== 0) throw permissionsError(`${path} belongs to another user of this machine.`);
}

/**
 * Anyone who owns or can write to one of these folders can put another program in place of an entry. A group that can write
 * to a folder is trusted: on many systems, each user is the only member of the user's group.
 */
function assertFolders(path: string): void {
  const parent = dirname(path);
  for (let folder = parent; ; folder = dirname(folder)) {
    const stats = statSync(folder);
    if (!mayBeOfRoot(stats)) assertOwner(`its folder ${folder}`, stats);
    const isOpen = (stats.mode & 0o002) !== 0;
    // In a folder with the sticky bit, such as /tmp, only the owner of an entry can rename it.
    const isSticky = (stats.mode & 0o1000) !== 0;
    if (isOpen && (folder === parent || !isSticky)) {
      throw permissionsError(
        `its folder ${folder} can be changed by every user (mode ${octal(stats)}). Run: chmod o-w ${shellString(folder)}, or use another folder`,
      );
    }
    if (folder === dirname(folder)) return;
  }
}

/** The user ID that Linux shows for every user who does not exist in a user namespace. */
const unknownUser = 65_534;

/**
 * Whether an owner may be root, under the ID of an unknown user. In a user namespace without root, such as that of a user's
 * systemd unit with `PrivateUsers=`, this is the owner of `/`.
 */
function mayBeOfRoot({ uid }: Stats): boolean {
  if (uid !== unknownUser) return false;
  try {
    return !/^ *0 /m.test(readFileSync('/proc/self/uid_map', 'utf8'));
  } catch {
    return false;
  }
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8);
}

function permissionsError(message: string): BrokerError {
  return new BrokerError('E_FILE_PERMISSIONS', message);
}
