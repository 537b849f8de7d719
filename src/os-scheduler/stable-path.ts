import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join, parse, sep } from 'node:path';

/** A folder that an upgrade removes: one with a version in its name, of a shell's session, or of npx's cache. */
const passing = /\d+\.\d+|^fnm_multishells$|^_npx$/;

/** Whether an upgrade of Node, or the end of a session, may remove this path. */
export function isPassing(path: string): boolean {
  return path.split(sep).some((part) => passing.test(part));
}

/**
 * A path to the same file that outlasts an upgrade, or null: by a symbolic link beside a folder with a version in its name
 * (`current`, `default`, `24`), or Homebrew's `opt`.
 */
export function stablePath(path: string): string | null {
  if (!isPassing(path)) return path;
  const { root } = parse(path);
  const parts = path.slice(root.length).split(sep);
  const at = parts.findIndex((part) => passing.test(part));
  const versioned = join(root, ...parts.slice(0, at + 1));
  for (const link of linksTo(versioned)) {
    const candidate = join(link, ...parts.slice(at + 1));
    const stable = existsSync(candidate) ? stablePath(candidate) : null;
    if (stable !== null) return stable;
  }
  return null;
}

/**
 * The Node for a job: the one that npm brought to this clone, else this very one by a path that lasts. Where there is no
 * such path it is the one that is there now.
 */
export function nodeForJob(root: string, execPath: string, searchPath: string): string {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const bundled = join(root, 'node_modules', 'node', 'bin', name);
  if (existsSync(bundled) && stablePath(bundled) !== null) return stablePath(bundled) ?? bundled;
  const onPath = searchPath
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .filter((file) => isSame(file, execPath));
  for (const candidate of [execPath, ...onPath]) {
    const stable = stablePath(candidate);
    if (stable !== null) return stable;
  }
  return execPath;
}

/** Other names of a folder, beside it and in Homebrew's `opt`, that have no version in them. */
function linksTo(folder: string): string[] {
  const parent = dirname(folder);
  const beside = namesIn(parent).map((name) => join(parent, name));
  // fnm keeps its links in aliases/, beside node-versions/.
  const aliases = join(dirname(parent), 'aliases');
  const fnm = namesIn(aliases).map((name) => join(aliases, name));
  const homebrew = join(dirname(dirname(parent)), 'opt', basename(parent));
  return [...beside, ...fnm, homebrew].filter(
    (link) => link !== folder && !passing.test(basename(link)) && isSame(link, folder),
  );
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
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
