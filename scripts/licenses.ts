import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The license notices of the packages whose code is in these files. Their licenses require that the notices ship with
 * the code. `inputs` are paths as esbuild names them. Throws if a package has no license file.
 */
export function licensesOf(root: string, inputs: string[]): string {
  const folders = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '');
  const notices = [...new Set(folders)]
    .filter((folder) => folder !== '')
    .map((each) => notice(join(root, each)));
  return notices.sort().join(`\n${'-'.repeat(80)}\n\n`);
}

function notice(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
  if (file === undefined) throw new Error(`the package ${name} has no license file`);
  return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
}
