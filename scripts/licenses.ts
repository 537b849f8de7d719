import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The license notices of the packages whose code is in these files. Their licenses require that the notices ship with
 * the code. `inputs` are paths as esbuild names them. Throws if a package has no license text.
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
  return `${name} ${version}\n\n${licenseIn(folder, name).trim()}\n`;
}

/** From its own file, or from the section of the README that some packages have instead. */
function licenseIn(folder: string, name: string): string {
  const read = (pattern: RegExp) => {
    const file = readdirSync(folder).find((each) => pattern.test(each));
    return file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
  };
  const license = read(/^licen[cs]e(\.\w+)?$/i);
  if (license !== '') return license;
  const [, section] = /^## Licen[cs]e\s*$([\s\S]+)/im.exec(read(/^readme\.md$/i)) ?? [];
  if (section !== undefined && /copyright/i.test(section)) return section;
  throw new Error(`the package ${name} has no license text`);
}
