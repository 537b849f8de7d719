import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { allCommands } from '../src/cli/commands/registry.ts';
import { definitionOf } from '../src/cli/help/definition.ts';
import { licensesOf } from './licenses.ts';
import { type BuiltFile, replaceDirectory } from './replace-directory.ts';

/*
 * Builds `dist` from `src`: the commands, the fast paths of `get` and `exec`, of help and of the commands that only read, and the
 * scripts of the pages. Most dependencies are not bundled. A fast path is a single file, so that it starts fast.
 */
const root = join(import.meta.dirname, '..');
const src = (path: string) => join(root, 'src', path);
const dist = join(root, 'dist');

/** How long files of earlier builds are kept for commands that still run from them. With `--clean`, before packing: not at all. */
const keepMs = process.argv.includes('--clean') ? 0 : 600_000;

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
// Nearly every command loads these packages, hundreds of files. Bundled, a command starts in less than half the time.
const inside = [
  ...['commander', 'csv-parse', 'ejs', 'express', 'express-session', 'helmet', 'ical-generator'],
  ...['jose', 'kysely', 'openid-client', 'zod'],
];
const outside = Object.keys(dependencies).filter((name) => !inside.includes(name));

/** What every fast path has in common. */
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
    // Names stay, for the stack of an unexpected error.
    minifyWhitespace: true,
    minifySyntax: true,
    external: outside,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // With it, bundled CommonJS packages load the modules of Node.
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
    // A file for each: compiled code is kept by file, for the functions that its first run used.
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
      // A text, because Node parses JSON faster than code, and the version needs none of it.
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
  // The output names no directory of the machine that builds it, not even with linked packages.
  const always = { bundle: true, write: false, metafile: true, preserveSymlinks: true } as const;
  // Paths in the output are relative to the root, wherever the build runs.
  const { outputFiles = [], metafile } = await build({ ...options, ...always, absWorkingDir: root });
  inputs.push(...Object.keys(metafile.inputs));
  return outputFiles;
}

/** Puts this module in place of every module of this program that is loaded on demand. */
function excludingModules(substitute: string): Plugin {
  return {
    name: 'excluding-modules',
    setup(build) {
      build.onResolve({ filter: /^\./ }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: substitute } : undefined,
      );
      // A package that is loaded on demand, other than the keychain's.
      build.onResolve({ filter: /^jose$/ }, ({ kind }) =>
        kind === 'dynamic-import' ? { path: substitute } : undefined,
      );
    },
  };
}

/** A third of kysely: what changes tables, and what the commands that only read never call. */
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

/** commander loads this to run commands that are separate programs, which this program does not have. Loading it takes half as long as commander. */
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
 * An `import` of `node:http` reads everything that it exports, and so loads Node's whole WebSocket client: a tenth of the start
 * of a server. A `require` does not.
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

/** A third of Express, for text in encodings that its parsers of forms and JSON refuse anyway. */
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
