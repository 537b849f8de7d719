import * as nodeFiles from 'node:fs';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';

/*
 * Windows keeps no mode bits: there the data folder lies in the person's own profile, which others cannot enter.
 */
const hasModes = process.platform !== 'win32';

/** The calls that are made of `node:fs`. Tests stand in for file systems that this machine does not have. */
export type Files = Pick<
  typeof nodeFiles,
  'mkdirSync' | 'chmodSync' | 'statSync' | 'openSync' | 'closeSync' | 'rmSync' | 'rmdirSync'
>;

/** Creates the data folder for its owner only, or rejects one that others can access. Throws `E_FILE_PERMISSIONS`, `E_HOME`. */
export function ensurePrivateDirectory(path: string, files: Files = nodeFiles): void {
  const made = makeFolder(path, files) !== undefined;
  try {
    if (made && hasModes) closeToOthers(path, files);
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

/** Makes the folders of a path that are not there; returns the first of them. Throws `E_HOME`. */
function makeFolder(path: string, files: Files): string | undefined {
  try {
    return makeMissing(path, files);
  } catch (error) {
    throw unusable(path, 'created', error);
  }
}

/** Not Node's own `recursive`, which never ends where a folder refuses new ones with ENOENT, as /proc does. */
function makeMissing(path: string, files: Files): string | undefined {
  if (isFolder(path)) return undefined;
  const above = dirname(path);
  const first = above === path || nodeFiles.existsSync(above) ? undefined : makeMissing(above, files);
  try {
    files.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
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

/** From a folder up to the one above it. One that somebody has put something into stays. */
function removeEmptyFolders(from: string, to: string): void {
  try {
    for (let path = from; path.startsWith(to); path = dirname(path)) nodeFiles.rmdirSync(path);
  } catch {
    // It is in use by now.
  }
}

/** Some file systems cannot, and some of those say so: how open the folder is then tells. */
function closeToOthers(path: string, files: Files): void {
  try {
    files.chmodSync(path, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/** Makes the file, empty and for its owner alone, where there is none; refuses one that others may read or write. */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  assertPrivateFile(path);
}

/** What is looked at, and the variable that names another. */
interface Kind {
  title: 'folder' | 'file' | 'key file';
  mode: string;
  variable: 'WEBEX_TOKEN_HOME' | 'WEBEX_TOKEN_KEY_FILE';
  /** With which mode root gives one to a group, as Kubernetes does with `fsGroup`: the least, and the most. Null: never. */
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

/** Refuses a folder that others than its owner may enter, and root's unless it is open to a group of ours alone. */
export function assertPrivateDirectory(path: string, files: Files = nodeFiles): void {
  assertPrivate(path, folder, files);
}

/** Refuses a file that others than its owner may read or write. */
export function assertPrivateFile(path: string, files: Files = nodeFiles): void {
  assertPrivate(path, file, files);
}

/** Refuses a key file that others than its owner may read or write, and root's unless a group of ours alone reads it. */
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
  if (isOpen && keepsNoModes(kind === folder ? path : dirname(path), files)) {
    const example = `${kind.variable}=~/.local/share/webex-token${kind === keyFile ? '/key.jwk' : ''}`;
    throw permissionsError(
      `${name} is on a file system that keeps no permissions (such as /mnt/c in WSL, a network share or FAT), so every user could read it: use one that does, for example ${example}`,
    );
  }
  if (uid !== me && me !== 0) {
    if (uid === 0)
      throw permissionsError(`${name} belongs to root (mode ${octal}).`, helpWithRoot(path, kind));
    throw permissionsError(
      `${name} belongs to another user of this machine.`,
      `It was not read. Set ${kind.variable} to one that you own.`,
    );
  }
  if (!isOpen) return;
  const kubernetes = isSupplementary(gid)
    ? ' In Kubernetes, fsGroupChangePolicy: OnRootMismatch keeps it closed.'
    : '';
  throw permissionsError(
    `${name} is open to other users of this machine (mode ${octal}).`,
    `Close it with: chmod ${kind.mode} '${path}'${kubernetes}`,
  );
}

function permissionsError(message: string, help?: string): BrokerError {
  return new BrokerError('E_FILE_PERMISSIONS', message, help === undefined ? {} : { help });
}

function isMode(bits: number, mode: Kind['fromRoot']): boolean {
  return mode !== null && (bits & mode.least) === mode.least && (bits & ~mode.most) === 0;
}

/** Whether root gave it to a group that this process is in. For root itself, its own group is no such gift. */
function isGivenByRoot(uid: number, gid: number): boolean {
  if (uid !== 0) return false;
  return isSupplementary(gid) || (process.geteuid?.() !== 0 && process.getegid?.() === gid);
}

function isSupplementary(gid: number): boolean {
  return process.getegid?.() !== gid && (process.getgroups?.() ?? []).includes(gid);
}

function helpWithRoot(path: string, kind: Kind): string {
  return kind === folder
    ? `Name a folder inside of it, which is then made for you alone: ${kind.variable}='${join(path, 'webex-token')}'. Or give it to a group of yours: mode 2770.`
    : `It is accepted if only a group of yours can read it (mode 440). In Kubernetes: fsGroup for the pod, and defaultMode: 0400 for the Secret. Or use your own file: ${kind.variable} names it.`;
}

function probeIn(folder: string): string {
  return join(folder, `.webex-token-${process.pid}.tmp`);
}

/** Whether the file system ignores modes, so that a file created for its owner only is open to others. */
function keepsNoModes(path: string, files: Files): boolean {
  const probe = probeIn(path);
  try {
    files.closeSync(files.openSync(probe, 'ax', 0o600));
  } catch {
    // Not to be told where nothing can be written.
    return false;
  }
  try {
    return (files.statSync(probe).mode & 0o077) !== 0;
  } finally {
    files.rmSync(probe, { force: true });
  }
}

/** Makes what was put into a folder, or taken out of it, last through a power cut. */
export function fsyncDirectory(path: string): void {
  // Windows cannot open a folder; there the rename itself is what lasts.
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
