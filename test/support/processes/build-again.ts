import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { replaceDirectory } from '../../../scripts/replace-directory.ts';

/*
 * Replaces a program of two files in a directory many times, each time with a new version, at least until the file ENOUGH
 * exists: DIRECTORY LETTER ENOUGH.
 */
const [folder = '', letter = '', enough = ''] = process.argv.slice(2);
for (let turn = 0; turn < 100 || !existsSync(enough); turn += 1) {
  const version = `${letter}${String(turn).padStart(7, '0')}`;
  const files = {
    'main.js': `import '../../package/chunk-${version}.js'`,
    [`chunk-${version}.js`]: `'version ${version}'`,
  };
  const built = Object.entries(files).map(([name, text]) => ({
    path: join(folder, name),
    contents: Buffer.from(text.padEnd(20_000)),
  }));
  replaceDirectory(folder, built, 600_000);
  // All of these files are kept, so a reader that is slow must not get too many of them.
  if (turn >= 100) await sleep(20);
}
