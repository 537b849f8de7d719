import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replaceDirectory } from '../../scripts/replace-directory.ts';
import { runScript } from '../support/run-script.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const minutes = 60_000;

/** A program as the bundler writes it: a file with a plain name that imports files named by their content. */
function built(folder: string, version: string): { path: string; contents: Uint8Array }[] {
  const files = {
    'main.js': `import './chunk-${version}.js'`,
    [`chunk-${version}.js`]: `'version ${version}'`,
    'page/copy.js': `'page ${version}'`,
  };
  return Object.entries(files).map(([name, text]) => ({
    path: join(folder, name),
    contents: Buffer.from(text),
  }));
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();

describe('replaceDirectory', () => {
  test('keeps the files of an earlier build for a while, for commands that still run, and then deletes them', () => {
    const folder = temporaryFolder();
    replaceDirectory(folder, built(folder, 'AAAAAAAA'), 10 * minutes, 1_000 * minutes);
    replaceDirectory(folder, built(folder, 'BBBBBBBB'), 10 * minutes, 1_009 * minutes);
    expect(filesIn(folder)).toEqual(['chunk-AAAAAAAA.js', 'chunk-BBBBBBBB.js', 'copy.js', 'main.js']);
    // An unchanged file that is built again counts as new.
    replaceDirectory(folder, built(folder, 'BBBBBBBB'), 10 * minutes, 1_011 * minutes);
    replaceDirectory(folder, built(folder, 'CCCCCCCC'), 10 * minutes, 1_020 * minutes);
    expect(filesIn(folder)).toEqual(['chunk-BBBBBBBB.js', 'chunk-CCCCCCCC.js', 'copy.js', 'main.js']);
    expect(readFileSync(join(folder, 'page/copy.js'), 'utf8')).toBe(`'page CCCCCCCC'`);
  });

  test('deletes all other files at once before packing', () => {
    const folder = temporaryFolder();
    replaceDirectory(folder, built(folder, 'AAAAAAAA'), 10 * minutes);
    replaceDirectory(folder, built(folder, 'BBBBBBBB'), 0);
    expect(filesIn(folder)).toEqual(['chunk-BBBBBBBB.js', 'copy.js', 'main.js']);
  });

  test('always leaves a complete program in the directory while several builds run', async () => {
    const folder = temporaryFolder();
    replaceDirectory(folder, built(folder, 'AAAAAAAA'), 10 * minutes);
    const script = join(import.meta.dirname, '../support/processes/build-again.ts');
    const enough = join(temporaryFolder(), 'enough');
    const builds = ['B', 'C'].map((letter) => runScript(script, [folder, letter, enough]));
    const done = Promise.all(builds.map((build) => build.done)).then(() => true);
    let seen = 0;
    const letters = new Set<string>();
    while (!(await Promise.race([done, new Promise((resolve) => setImmediate(resolve, false))]))) {
      const main = readFileSync(join(folder, 'main.js'), 'utf8');
      const [, version = ''] = /chunk-(\w{8})\.js/.exec(main) ?? [];
      expect(existsSync(join(folder, `chunk-${version}.js`))).toBe(true);
      letters.add(version.slice(0, 1));
      seen += 1;
      if (seen > 50 && letters.has('B') && letters.has('C')) writeFileSync(enough, '');
    }
    expect(seen).toBeGreaterThan(50);
    expect([...letters]).toEqual(expect.arrayContaining(['B', 'C']));
    expect(filesIn(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
