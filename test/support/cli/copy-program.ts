import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../../src/program-files.ts';

/** Copies the program of this checkout, as it was built, into a folder. */
export function copyProgram(folder: string): void {
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(packageRoot, part), join(folder, part), {
      recursive: true,
      // Other processes write to this folder.
      filter: (source) => basename(source) !== '.compile-cache',
    });
  }
}
