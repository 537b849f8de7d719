import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** A file to write. */
export interface BuiltFile {
  /** Absolute. */
  path: string;
  contents: Uint8Array;
}

/**
 * Replaces the contents of a directory with these files, while programs run from it and other builds replace it too. Each file
 * appears complete, and files that others import come first, so a program that starts at any moment finds all of its files.
 * A command that already runs may load more files later, so files of earlier builds are deleted only after `keepMs`.
 */
export function replaceDirectory(folder: string, files: BuiltFile[], keepMs: number, now = Date.now()): void {
  // Files that the bundler names after their content never change. Files with plain names import them and come last.
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
    // Another build deleted the temporary file in the same moment.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    put(path, contents, now);
  }
}

function removeOld(path: string, keepMs: number, now: number): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  // Another build may have deleted it already.
  if (stats === undefined || stats.isDirectory() || now - stats.mtimeMs < keepMs) return;
  rmSync(path, { force: true });
}
