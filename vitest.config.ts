import { defineConfig } from 'vitest/config';
import { hasName, userName } from './src/environment/os-user.ts';
import { stepHangsMs, testHangsMs } from './test/support/hang-limits.ts';
import { cheapPassphrases } from './test/support/setup/cheap-passphrases.ts';
import { compileCache } from './test/support/setup/compile-cache.ts';
import { ensureHomeFolder } from './test/support/setup/home-folder.ts';
import { memoryFolder } from './test/support/setup/memory-folder.ts';
import { removeOwnSettings } from './test/support/setup/own-settings.ts';
import { LongFilesFirst } from './test/support/setup/sequencer.ts';
import { testFilesByProject, testFilesOnPostgres } from './test/support/setup/test-projects.ts';

removeOwnSettings(process.env, import.meta.dirname);
ensureHomeFolder(process.env, import.meta.dirname);
// Some tests run the program as another user, who has to be able to read what was built.
process.umask(0o022);

const files = testFilesByProject(import.meta.dirname);
const build = 'test/support/setup/build.ts';
const memory = memoryFolder();
/** For tests that do not depend on a disk, and the processes that they start. */
const inMemory: Record<string, string> = {
  NODE_COMPILE_CACHE: compileCache,
  ...(memory !== null && { TMPDIR: memory }),
};

/** A project on SQLite. What is shipped is built first where tests run it. */
function onSqlite(name: keyof typeof files, globalSetup: string[] = [build], env = {}) {
  return {
    extends: true as const,
    test: { name, include: files[name], globalSetup, env, provide: { engine: 'sqlite' as const } },
  };
}

/** What touches the store, once more on the other engine. */
const onPostgres = {
  extends: true as const,
  test: {
    name: 'postgres',
    include: testFilesOnPostgres(import.meta.dirname),
    globalSetup: [build, 'test/support/setup/postgres.ts'],
    env: inMemory,
    provide: { engine: 'postgres' as const },
  },
};
if (!hasName()) {
  process.stderr.write(
    `Tests on PostgreSQL are skipped: it does not run as a user without a name (${userName()}).\n`,
  );
}

export default defineConfig({
  plugins: [cheapPassphrases],
  test: {
    testTimeout: testHangsMs,
    hookTimeout: testHangsMs,
    expect: { poll: { timeout: stepHangsMs } },
    // Browsers and whole processes are started in many of them: two cores are soon busy.
    maxWorkers: 3,
    // The files of a worker share its modules: a third of the time went into loading them again. No test replaces a module.
    isolate: false,
    restoreMocks: true,
    sequence: { sequencer: LongFilesFirst },
    // Most objects live for one test: a larger young generation collects them in fewer runs.
    execArgv: ['--max-semi-space-size=64'],
    // For `npm run coverage`: the folders that handle tokens and keys, and decide who gets them.
    coverage: {
      include: ['src/{api,crypto,relay,store,vault}/**/*.ts'],
      reporter: ['text', 'html'],
    },
    projects: [
      onSqlite('unit', [], inMemory),
      onSqlite('integration', [build], inMemory),
      onSqlite('browser', [build, 'test/support/setup/browser.ts']),
      onSqlite('slow', [build], inMemory),
      ...(hasName() ? [onPostgres] : []),
    ],
  },
});
