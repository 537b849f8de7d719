import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { allCommands } from '../src/cli/commands/registry.ts';
import { definitionOf } from '../src/cli/help/definition.ts';
import { licensesOf } from './licenses.ts';
import { type BuiltFile, replaceDirectory } from './replace-directory.ts';

/*
 * Builds `dist` from `src`: the commands, the fast paths (`get` and `exec`, help, and the commands that only read), and the scripts
 * of the pages. Most dependencies are bundled. Each fast path is a single file, which starts faster than many.
 */
const root = join(import.meta.dirname, '..');
const src = (path: string) => join(root, 'src', path);
const dist = join(root, 'dist');

/** How long files of earlier builds are kept, for commands that still run from them. Milliseconds; 0 with `--clean`, for packing. */
const keepMs = process.argv.includes('--clean') ? 0 : 600_000;

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
// Nearly every command loads these packages, which have hundreds of files. Bundling them more than halves the start of a command.
const bundledPackages = [
  ...['commander', 'csv-parse', 'ejs', 'express', 'express-session', 'helmet', 'ical-generator'],
  ...['jose', 'kysely', 'openid-client', 'zod'],
];
const externalPackages = Object.keys(dependencies).filter((name) => !bundledPackages.includes(name));

/** The options of every fast path. */
const fastPath: BuildOptions = {
  outdir: dist,
  outExtension: { '.js': '.cjs' },
  minify: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  plugins: [withoutChildProcess()],
};

/** Every bundled file, relative to the root. */
const inputs: string[] = [];
const files = await Promise.all([
  filesOf({
    entryPoints: { main: src('cli/main.ts') },
    outdir: dist,
    splitting: true,
    plugins: [withoutAsianEncodings(), requiringHttp()],
    // Names are not minified, for the stack trace of an unexpected error.
    minifyWhitespace: true,
    minifySyntax: true,
    external: externalPackages,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Bundled CommonJS packages load the modules of Node with this `require`.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  }),
  filesOf({
    ...fastPath,
    entryPoints: { get: src('cli/fast/get.ts'), exec: src('cli/fast/exec.ts') },
    external: ['@napi-rs/keyring'],
  }),
  filesOf({
    ...fastPath,
    // One file for each command: Node keeps compiled code by file, for the functions that its first run used.
    entryPoints: ['check', 'list', 'show', 'status'].map((name) => src(`cli/fast/${name}.ts`)),
    external: ['@napi-rs/keyring'],
    plugins: [
      withoutChildProcess(),
      excludingModules(src('cli/fast/excluded-module.ts')),
      withoutSchemaBuilder(),
    ],
  }),
  filesOf({
    ...fastPath,
    entryPoints: { help: src('cli/fast/help.ts') },
    external: Object.keys(dependencies).filter((name) => name !== 'commander'),
    define: {
      ...fastPath.define,
      // A JSON text, because Node parses JSON faster than code, and `--version` does not need it.
      commandDefinitions: JSON.stringify(JSON.stringify((await allCommands()).map(definitionOf))),
    },
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
const notices = { path: join(dist, 'licenses.txt'), contents: Buffer.from(licensesOf(root, inputs)) };
replaceDirectory(dist, [...files.flat(), notices], keepMs);

async function filesOf(options: BuildOptions): Promise<BuiltFile[]> {
  // Keeps directories of the build machine out of the output, even if packages are linked.
  const always = { bundle: true, write: false, metafile: true, preserveSymlinks: true } as const;
  // Paths in the output are relative to the root, wherever the build runs.
  const { outputFiles = [], metafile } = await build({ ...options, ...always, absWorkingDir: root });
  inputs.push(...Object.keys(metafile.inputs));
  return outputFiles;
}

/** Replaces every module of this program that is loaded on demand. */
function excludingModules(substitute: string): Plugin {
  return {
    name: 'excluding-modules',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: substitute } : undefined,
      );
      // The only package, other than the keychain's, that is loaded on demand.
      build.onResolve({ filter: /^jose$/ }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: substitute } : undefined,
      );
    },
  };
}

/** Leaves out a third of kysely: the code that changes tables, and other code that the commands that only read never call. */
function withoutSchemaBuilder(): Plugin {
  const classes = new Map([
    ['schema-module.js', 'SchemaModule'],
    ['with-schema-plugin.js', 'WithSchemaPlugin'],
    ['merge-query-builder.js', 'MergeQueryBuilder'],
  ]);
  return {
    name: 'without-schema-builder',
    setup(build) {
      build.onLoad({ filter: /[\\/]kysely[\\/]dist[\\/]/ }, ({ path }) => {
        const name = classes.get(basename(path));
        if (name === undefined) return null;
        return {
          contents: `export { ExcludedClass as ${name} } from ${JSON.stringify(src('cli/fast/excluded-code.ts'))};`,
        };
      });
    },
  };
}

/**
 * Leaves out `node:child_process`, which commander loads to run commands that are separate programs. This program has none, and
 * loading the module takes half as long as loading commander.
 */
function withoutChildProcess(): Plugin {
  return {
    name: 'without-child-process',
    setup(build) {
      build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
        /[\\/]commander[\\/]/.test(importer) ? { path: 'nothing', namespace: 'nothing' } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'export default {};' }));
    },
  };
}

/**
 * Loads `node:http` with `require`. An `import` reads everything that the module exports, and so loads Node's whole WebSocket
 * client, which takes a tenth of the start of a server.
 */
function requiringHttp(): Plugin {
  return {
    name: 'requiring-http',
    setup(build) {
      build.onResolve({ filter: /^node:http$/ }, ({ path, kind }) =>
        kind === 'import-statement' ? { path, namespace: 'required' } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
        contents: `module.exports = require('${path}');`,
      }));
    },
  };
}

/** Leaves out a third of Express: tables for encodings that its parsers of forms and JSON reject anyway. */
function withoutAsianEncodings(): Plugin {
  return {
    name: 'without-asian-encodings',
    setup(build) {
      build.onLoad({ filter: /iconv-lite[\\/]encodings[\\/]tables[\\/].*\.json$/ }, () => ({
        contents: '[]',
        loader: 'json',
      }));
    },
  };
}
