import * as nodeFiles from 'node:fs';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { shellString } from '../text/quoting.ts';

/*
 * Windows has no mode bits. There, the data folder is in the user's own profile, which other users cannot access.
 */
const hasModes = process.platform !== 'win32';

/** The functions of `node:fs` in use. Tests replace them to simulate other file systems. */
export type Files = Pick<
  typeof nodeFiles,
  'mkdirSync' | 'chmodSync' | 'statSync' | 'openSync' | 'closeSync' | 'rmSync' | 'rmdirSync'
>;

/** Creates the data folder for its owner only, or rejects one that others can access. Throws `E_FILE_PERMISSIONS`, `E_HOME`. */
export function ensurePrivateDirectory(path: string, files: Files = nodeFiles): void {
  const made = makeFolder(path, files) !== undefined;
  try {
    if (made && hasModes) restrictToOwner(path, files);
    assertPrivateDirectory(path, files);
  } catch (error) {
    if (made) files.rmdirSync(path);
    throw error;
  }
}

/** Checks that the data folder can be created and written to, and leaves nothing behind. Throws as `ensurePrivateDirectory` does. */
export function checkPrivateDirectory(path: string): void {
  const first = makeFolder(path, nodeFiles);
  try {
    if (first === undefined) assertPrivateDirectory(path);
    const probe = probeIn(path);
    closeSync(openSync(probe, 'ax', 0o600));
    nodeFiles.rmSync(probe);
  } catch (error) {
    throw error instanceof BrokerError ? error : unusable(path, 'written to', error);
  } finally {
    if (first !== undefined) removeEmptyFolders(path, first);
  }
}

/** Creates the missing folders of a path and returns the first of them. Throws `E_HOME`. */
function makeFolder(path: string, files: Files): string | undefined {
  try {
    return makeMissing(path, files);
  } catch (error) {
    throw unusable(path, 'created', error);
  }
}

/** Not Node's `recursive`, which never returns if a folder rejects new ones with ENOENT, as /proc does. */
function makeMissing(path: string, files: Files): string | undefined {
  if (isFolder(path)) return undefined;
  const above = dirname(path);
  const first = above === path || nodeFiles.existsSync(above) ? undefined : makeMissing(above, files);
  try {
    files.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have created it meanwhile.
    if (!isFolder(path)) throw error;
    return first;
  }
  return first ?? path;
}

function isFolder(path: string): boolean {
  try {
    return nodeFiles.statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function unusable(path: string, what: string, cause: unknown): BrokerError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException;
  return new BrokerError('E_HOME', `The data folder ${path} cannot be ${what} (${code}).`, {
    help: 'Set WEBEX_TOKEN_HOME to a folder that you can write to.',
    cause,
  });
}

/** Removes the folders that were created, except those that are no longer empty. */
function removeEmptyFolders(from: string, to: string): void {
  try {
    for (let path = from; path.startsWith(to); path = dirname(path)) nodeFiles.rmdirSync(path);
  } catch {
    // It is in use.
  }
}

/** Some file systems do not support modes, and not all of them report an error: the resulting mode shows it. */
function restrictToOwner(path: string, files: Files): void {
  try {
    files.chmodSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/**
 * Creates an empty file for its owner only if it does not exist. Rejects one that others can read or write. Throws
 * `E_FILE_PERMISSIONS`, `E_HOME`.
 */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw unusable(dirname(path), 'written to', error);
  }
  assertPrivateFile(path);
}

/** The kind of path, and the variable that sets it. */
interface Kind {
  title: 'folder' | 'file' | 'key file';
  mode: string;
  variable: 'WEBEX_TOKEN_HOME' | 'WEBEX_TOKEN_KEY_FILE';
  /** The smallest and largest mode with which root may grant it to a group, as Kubernetes does with `fsGroup`. Null: never. */
  fromRoot: { least: number; most: number } | null;
}

const folder: Kind = {
  title: 'folder',
  mode: '700',
  variable: 'WEBEX_TOKEN_HOME',
  fromRoot: { least: 0o070, most: 0o770 },
};
const file: Kind = { title: 'file', mode: '600', variable: 'WEBEX_TOKEN_HOME', fromRoot: null };
const keyFile: Kind = {
  title: 'key file',
  mode: '600',
  variable: 'WEBEX_TOKEN_KEY_FILE',
  fromRoot: { least: 0o040, most: 0o640 },
};

/** Rejects a folder that other users can enter, or that root owns, unless only a group of this user can access it. */
export function assertPrivateDirectory(path: string, files: Files = nodeFiles): void {
  assertPrivate(path, folder, files);
}

/** Rejects a file that other users can read or write. */
export function assertPrivateFile(path: string, files: Files = nodeFiles): void {
  assertPrivate(path, file, files);
}

/** Rejects a key file that other users can read or write, or that root owns, unless only a group of this user can read it. */
export function assertPrivateKeyFile(path: string, files: Files = nodeFiles): void {
  assertPrivate(path, keyFile, files);
}

function assertPrivate(path: string, kind: Kind, files: Files): void {
  if (!hasModes) return;
  const { mode, uid, gid } = files.statSync(path);
  const bits = mode & 0o777;
  const octal = bits.toString(8);
  const me = process.geteuid?.() ?? 0;
  const name = `The ${kind.title} ${path}`;
  if (isGivenByRoot(uid, gid) && isMode(bits, kind.fromRoot)) return;
  const isOpen = (bits & 0o077) !== 0;
  if (isOpen && ignoresModes(kind === folder ? path : dirname(path), files)) {
    const example = `${kind.variable}=~/.local/share/webex-token${kind === keyFile ? '/key.jwk' : ''}`;
    throw permissionsError(
      `${name} is on a file system without permissions (such as /mnt/c in WSL, a network share or FAT), so every user could read it. Use another one, for example ${example}`,
    );
  }
  if (uid !== me && me !== 0) {
    if (uid === 0)
      throw permissionsError(`${name} belongs to root (mode ${octal}).`, helpWithRoot(path, kind));
    throw permissionsError(
      `${name} belongs to another user of this machine.`,
      `It was not read. Set ${kind.variable} to a ${kind.title} that you own.`,
    );
  }
  if (!isOpen) return;
  const kubernetes = isSupplementary(gid)
    ? ' In Kubernetes, fsGroupChangePolicy: OnRootMismatch keeps it restricted.'
    : '';
  throw permissionsError(
    `${name} is accessible to other users of this machine (mode ${octal}).`,
    `Restrict it: chmod ${kind.mode} ${shellString(path)}${kubernetes}`,
  );
}

function permissionsError(message: string, help?: string): BrokerError {
  return new BrokerError('E_FILE_PERMISSIONS', message, help === undefined ? {} : { help });
}

function isMode(bits: number, mode: Kind['fromRoot']): boolean {
  return mode !== null && (bits & mode.least) === mode.least && (bits & ~mode.most) === 0;
}

/** Whether root granted access to a group of this process. Does not apply to root itself. */
function isGivenByRoot(uid: number, gid: number): boolean {
  if (uid !== 0) return false;
  return isSupplementary(gid) || (process.geteuid?.() !== 0 && process.getegid?.() === gid);
}

function isSupplementary(gid: number): boolean {
  return process.getegid?.() !== gid && (process.getgroups?.() ?? []).includes(gid);
}

function helpWithRoot(path: string, kind: Kind): string {
  return kind === folder
    ? `Set ${kind.variable}=${shellString(join(path, 'webex-token'))}: a folder inside it, which is created for you only. Or grant it to a group of yours with mode 2770.`
    : `It is accepted if only a group of yours can read it (mode 440). In Kubernetes, set fsGroup for the pod and defaultMode: 0400 for the Secret. Or set ${kind.variable} to a file of yours.`;
}

function probeIn(folder: string): string {
  return join(folder, `.webex-token-${process.pid}.tmp`);
}

/** Whether the file system ignores modes, so that a file created for its owner only is accessible to others. */
function ignoresModes(path: string, files: Files): boolean {
  const probe = probeIn(path);
  try {
    files.closeSync(files.openSync(probe, 'ax', 0o600));
  } catch {
    // Unknown if nothing can be written.
    return false;
  }
  try {
    return (files.statSync(probe).mode & 0o077) !== 0;
  } finally {
    files.rmSync(probe, { force: true });
  }
}

/** Makes changes to the entries of a folder durable, so that they survive a power failure. */
export function fsyncDirectory(path: string): void {
  // Windows cannot open a folder. There, the rename itself is durable.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
