import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { licencesOf } from './licences.ts';
import { type BuiltFile, putInPlace } from './put-in-place.ts';

/*
 * Makes `dist` of `src`: the commands, the short way for `get`, and the pages' scripts.
 * Most dependencies stay outside; the short way is one file, so that it starts fast.
 */
const root = join(import.meta.dirname, '..');
const src = (path: string) => join(root, 'src', path);
const dist = join(root, 'dist');

/** How long a command that runs from an earlier build finds all of it; none with `--clean`, before it is packed. */
const keepMs = process.argv.includes('--clean') ? 0 : 600_000;

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
// Nearly every command loads these, hundreds of files: bundled, a command starts in less than half the time.
const inside = ['commander', 'jose', 'kysely', 'openid-client', 'zod'];
const outside = Object.keys(dependencies).filter((name) => !inside.includes(name));

/** Every file that went in, seen from the root. */
const inputs: string[] = [];
const files = await Promise.all([
  filesOf({
    entryPoints: { main: src('cli/main.ts') },
    outdir: dist,
    splitting: true,
    external: outside,
    platform: 'node',
    target: 'node24',
    format: 'esm',
  }),
  filesOf({
    entryPoints: { get: src('cli/fast-get.ts') },
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
  }),
  filesOf({
    entryPoints: [src('browser/*.ts')],
    outdir: join(dist, 'browser'),
    minify: true,
    platform: 'browser',
    target: ['es2022', 'safari16'],
    format: 'iife',
  }),
]);
const licences = { path: join(dist, 'licences.txt'), contents: Buffer.from(licencesOf(root, inputs)) };
putInPlace(dist, [...files.flat(), licences], keepMs);

async function filesOf(options: BuildOptions): Promise<BuiltFile[]> {
  // With linked packages too, the output names no folder of the machine that builds it.
  const always = { bundle: true, write: false, metafile: true, preserveSymlinks: true } as const;
  // Paths in its output are relative to where it runs: the same wherever that is.
  const { outputFiles = [], metafile } = await build({ ...options, ...always, absWorkingDir: root });
  inputs.push(...Object.keys(metafile.inputs));
  return outputFiles;
}
