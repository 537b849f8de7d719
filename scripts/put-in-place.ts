import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export interface BuiltFile {
  /** Absolute. */
  path: string;
  contents: Uint8Array;
}

/**
 * Makes a folder hold these files, and in the end nothing else, while programs run from it and other builds do the same.
 * Every file appears whole, those first that others name; so whoever starts at any moment finds a whole program. A
 * command that has started loads more files later: what earlier builds left stays for `keepMs`, then it goes.
 */
export function putInPlace(folder: string, files: BuiltFile[], keepMs: number, now = Date.now()): void {
  // What the bundler names by its content changes never. The files with plain names lead to those, so they come last.
  const inOrder = files.toSorted((a, b) => Number(isEntry(a.path)) - Number(isEntry(b.path)));
  for (const { path, contents } of inOrder) put(path, contents, now);
  const built = new Set(files.map(({ path }) => relative(folder, path)));
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (!built.has(name)) removeOld(join(folder, name), keepMs, now);
  }
}

function isEntry(path: string): boolean {
  return !/-[0-9A-Z]{8}\.js$/.test(path);
}

function put(path: string, contents: Uint8Array, now: number): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, contents);
    utimesSync(temporary, now / 1000, now / 1000);
    renameSync(temporary, path);
  } catch (error) {
    // Another build has cleaned up at this very moment.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    put(path, contents, now);
  }
}

function removeOld(path: string, keepMs: number, now: number): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Another build may have been faster.
  if (stats === undefined || stats.isDirectory() || now - stats.mtimeMs < keepMs) return;
  rmSync(path, { force: true });
}
