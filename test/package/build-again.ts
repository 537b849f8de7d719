import { join } from 'node:path';
import { putInPlace } from '../../scripts/put-in-place.ts';

/* Puts a program of two files into a folder, many times: FOLDER VERSION. */
const [folder = '', version = ''] = process.argv.slice(2);
const files = {
  'main.js': `import './chunk-${version}.js'`,
  [`chunk-${version}.js`]: `'version ${version}'`,
};
for (let turn = 0; turn < 300; turn += 1) {
  const built = Object.entries(files).map(([name, text]) => ({
    path: join(folder, name),
    contents: Buffer.from(text.padEnd(20_000)),
  }));
  putInPlace(folder, built, 600_000);
}
