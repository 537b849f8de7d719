import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { testFilesByProject } from '../test/support/setup/test-projects.ts';

/** The unit tests in the folders of test/ that TEST_FOLDERS names. `mutate.ts` runs them once for each change of the code. */
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
      // Each of its tests tries hundreds of texts, which takes too long for every change. redirect.test.ts has examples of the same rules.
      'test/webex/redirect.property.test.ts',
    ],
    testTimeout: 30_000,
    restoreMocks: true,
    provide: { engine: 'sqlite' },
  },
});
