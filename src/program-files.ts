import { readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { getAsset, isSea } from 'node:sea';

/*
 * The files that come with the program: in the folder of package.json or, in the single file, inside the executable.
 */

/** Whether this is the single file: Node, the program and its files in one executable. */
export const isSingleFile = isSea();

/** The folder of package.json, or of the single file. This module is one folder below package.json, as source and when built. */
export const packageRoot = isSingleFile ? dirname(process.execPath) : dirname(import.meta.dirname);

/** Whether the program was installed: by npm into `node_modules`, or as the single file. Otherwise it is a checkout. */
export function isInstalled(root = packageRoot): boolean {
  return isSingleFile || root.split(sep).includes('node_modules');
}

/** The text of one of the program's files. The path is relative to package.json, with `/`. */
export function readProgramFile(path: string): string {
  return isSingleFile ? getAsset(path, 'utf8') : readFileSync(join(packageRoot, path), 'utf8');
}
