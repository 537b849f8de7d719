import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { testFilesByProject } from '../test/support/setup/test-projects.ts';

/** The unit tests of some rooms: `mutate.ts` runs them once for each change of the code. */
const root = join(import.meta.dirname, '..');
const rooms = new RegExp(`^test/(${process.env.TEST_ROOMS})/`);
const include = testFilesByProject(root).unit.filter((file) => rooms.test(file));

export default defineConfig({
  root,
  test: {
    include,
    // It depends on the name under which the program was started.
    exclude: ['test/reminders/digest.test.ts'],
    testTimeout: 30_000,
    restoreMocks: true,
    provide: { engine: 'sqlite' },
  },
});
