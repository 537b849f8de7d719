import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Browsers and whole processes are started in many of them: two cores are soon busy.
    maxWorkers: 3,
    // The files of a worker share its modules: a third of the time went into loading them anew. No test replaces a module.
    isolate: false,
    restoreMocks: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: ['test/**/*.test.ts'],
          exclude: ['test/postgres/**'],
          globalSetup: ['test/support/setup/build.ts'],
          provide: { engine: 'sqlite' },
        },
      },
      {
        // What touches the store, once more on the other engine.
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/{store,vault,reminders,background,monitoring,calendar,api,postgres}/**/*.test.ts'],
          exclude: ['test/store/open.test.ts'],
          globalSetup: ['test/support/setup/build.ts', 'test/support/setup/postgres.ts'],
          provide: { engine: 'postgres' },
        },
      },
    ],
  },
});
