import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, parse, sep } from 'node:path';

/** A directory that an upgrade removes: with a version in its name, of a shell session (fnm), or of the npx cache. */
const versioned = /\d+\.\d+|^fnm_multishells$|^_npx$/;

/** Whether an upgrade of Node, or the end of a shell session, may remove this path. */
export function isVersioned(path: string): boolean {
  return path.split(sep).some((part) => versioned.test(part));
}

/**
 * A path to the same file that survives an upgrade, or null. It goes through a symbolic link next to the directory with the
 * version in its name (`current`, `default`, `24`), or through Homebrew's `opt`.
 */
export function stablePath(path: string): string | null {
  if (!isVersioned(path)) return path;
  const { root } = parse(path);
  const parts = path.slice(root.length).split(sep);
  const at = parts.findIndex((part) => versioned.test(part));
  const directory = join(root, ...parts.slice(0, at + 1));
  for (const link of linksTo(directory)) {
    const candidate = join(link, ...parts.slice(at + 1));
    const stable = existsSync(candidate) ? stablePath(candidate) : null;
    if (stable !== null) return stable;
  }
  return null;
}

/**
 * The Node for a job: the one that npm installed in this clone, otherwise the current one, by a path that survives an
 * upgrade if there is one.
 */
export function nodeForJob(root: string, execPath: string, searchPath: string): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const bundled = join(root, 'node_modules', 'node', 'bin', name);
  if (existsSync(bundled) && stablePath(bundled) !== null) return stablePath(bundled) ?? bundled;
  const onPath = searchPath
    .split(delimiter)
    .filter(Boolean)
    .map((directory) => join(directory, name))
    .filter((file) => isSame(file, execPath));
  for (const candidate of [execPath, ...onPath]) {
    const stable = stablePath(candidate);
    if (stable !== null) return stable;
  }
  return execPath;
}

/** Links to a directory, next to it and in Homebrew's `opt`, that have no version in their names. */
function linksTo(directory: string): string[] {
  const parent = dirname(directory);
  const siblings = namesIn(parent).map((name) => join(parent, name));
  // fnm has its links in aliases/, next to node-versions/.
  const aliases = join(dirname(parent), 'aliases');
  const fnm = namesIn(aliases).map((name) => join(aliases, name));
  const homebrew = join(dirname(dirname(parent)), 'opt', basename(parent));
  return [...siblings, ...fnm, homebrew].filter(
    (link) => link !== directory && !versioned.test(basename(link)) && isSame(link, directory),
  );
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}
