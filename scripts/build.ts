import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/*
 * Makes `dist` of `src`: the commands, the short way for `get`, and the pages' scripts.
 * Most dependencies stay outside; the short way is one file, so that it starts fast.
 */
const root = join(import.meta.dirname, '..');
const src = (path: string) => join(root, 'src', path);
const dist = join(root, 'dist');

// Not by default: a test that runs meanwhile would find half a program.
if (process.argv.includes('--clean')) rmSync(dist, { recursive: true, force: true });

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
// Nearly every command loads these, hundreds of files: bundled, a command starts in less than half the time.
const inside = ['commander', 'env-paths', 'jose', 'kysely', 'openid-client', 'zod'];
const outside = Object.keys(dependencies).filter((name) => !inside.includes(name));

await build({
  entryPoints: { main: src('cli/main.ts') },
  outdir: dist,
  bundle: true,
  splitting: true,
  external: outside,
  platform: 'node',
  target: 'node24',
  format: 'esm',
});

await build({
  entryPoints: { get: src('cli/short-get.ts') },
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
});

await build({
  entryPoints: [src('page/*.ts')],
  outdir: join(dist, 'page'),
  bundle: true,
  minify: true,
  platform: 'browser',
  target: ['es2022', 'safari16'],
  format: 'iife',
});
