import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { testFilesByProject } from '../test/support/setup/test-projects.ts';

/** The unit tests in some folders of test/. `mutate.ts` runs them once for each change of the code. */
const root = join(import.meta.dirname, '..');
const folders = new RegExp(`^test/(${process.env.TEST_FOLDERS})/`);
const include = testFilesByProject(root).unit.filter((file) => folders.test(file));

export default defineConfig({
  root,
  test: {
    include,
    exclude: [
      // It depends on the name under which the program was started.
      'test/reminders/digest.test.ts',
      // Hundreds of texts in each test, for every change. The same rules have examples in redirect.test.ts.
      'test/webex/redirect.property.test.ts',
    ],
    testTimeout: 30_000,
    restoreMocks: true,
    provide: { engine: 'sqlite' },
  },
});
