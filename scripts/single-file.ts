import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { inject } from 'postject';

/*
 * Builds the single file from `dist`: this Node, with the program and its files in it. It runs only on the kind of system and
 * processor that it was built on. Prints its path.
 *
 *   node scripts/single-file.ts [FOLDER]    the default folder is release
 */
const root = join(import.meta.dirname, '..');
const [target = join(root, 'release')] = process.argv.slice(2);
const windows = process.platform === 'win32';
const output = join(target, `webex-token-${process.platform}-${process.arch}${windows ? '.exe' : ''}`);

/** In the launcher, `import('../dist/main.js')` runs the asset instead. */
const mainFromAsset: Plugin = {
  name: 'main-from-asset',
  setup(context) {
    context.onResolve({ filter: /\/dist\/main\.js$/ }, () => ({
      path: join(root, 'scripts/single-file/main-from-asset.cjs'),
    }));
  },
};

const work = mkdtempSync(join(tmpdir(), 'webex-token-single-file-'));
try {
  mkdirSync(target, { recursive: true });
  const blob = await createBlob();
  rmSync(output, { force: true });
  copyFileSync(process.execPath, output);
  chmodSync(output, 0o755);
  // Node's signature would no longer match, and macOS does not start a program with a wrong signature.
  if (process.platform === 'darwin') execFileSync('codesign', ['--remove-signature', output]);
  await inject(output, 'NODE_SEA_BLOB', readFileSync(blob), {
    // From Node's documentation of single executable applications.
    sentinelFuse: 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
    ...(process.platform === 'darwin' && { machoSegmentName: 'NODE_SEA' }),
  });
  if (process.platform === 'darwin') execFileSync('codesign', ['--sign', '-', output]);
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${output}\n`);

/** Creates the data that Node finds in its executable when it starts: the launcher, and the program's files as assets. Returns its path. */
async function createBlob(): Promise<string> {
  const main = await bundle('main', join(root, 'dist/main.js'));
  const launcher = await bundle('launcher', join(root, 'bin/webex-token.cjs'), [mainFromAsset]);
  const assets = {
    'main.cjs': main,
    'main.cache': compile(main),
    'keychain.node': keychainModule(),
    ...Object.fromEntries(programFiles().map((path) => [path, join(root, path)])),
  };
  const config = join(work, 'config.json');
  const blob = join(work, 'blob');
  writeFileSync(
    config,
    JSON.stringify({
      main: launcher,
      output: blob,
      assets,
      useCodeCache: true,
      disableExperimentalSEAWarning: true,
      // NODE_OPTIONS could load other code into the program.
      execArgvExtension: 'none',
    }),
  );
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'pipe' });
  return blob;
}

/** The files that the program reads at run time: see `readProgramFile`. */
function programFiles(): string[] {
  const patterns = ['package.json', 'views/**/*.{ejs,css,svg}', 'dist/browser/*.js', 'dist/licenses.txt'];
  return patterns
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((path) => path.replaceAll('\\', '/'));
}

/** Bundles an entry point with every package into one file. Returns its path. */
async function bundle(name: string, entry: string, plugins: Plugin[] = []): Promise<string> {
  const outfile = join(work, `${name}.cjs`);
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    plugins,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // The executable loads its own copy of the keychain's module. The others are optional and not installed.
    external: ['@napi-rs/keyring', 'pg-native', 'cloudflare:sockets'],
    define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__filename' },
    absWorkingDir: root,
    logLevel: 'error',
  });
  return outfile;
}

/** Compiles the program with V8, so that no start has to compile it again. Returns the path of the compiled code. */
function compile(main: string): string {
  const cache = join(work, 'main.cache');
  execFileSync(process.execPath, [join(root, 'scripts/single-file/compile.cjs'), main, cache]);
  return cache;
}

/** The path of the keychain's native module for this system. */
function keychainModule(): string {
  const require = createRequire(join(root, 'node_modules/@napi-rs/keyring/index.js'));
  const before = new Set(Object.keys(require.cache));
  require('./index.js');
  const file = Object.keys(require.cache).find((path) => !before.has(path) && path.endsWith('.node'));
  if (file === undefined || !existsSync(file))
    throw new Error('the native module of the keychain was not found');
  return file;
}
