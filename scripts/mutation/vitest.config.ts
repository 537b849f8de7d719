import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { cheapPassphrases } from '../../test/support/setup/cheap-passphrases.ts';
import { memoryFolder } from '../../test/support/setup/memory-folder.ts';
import { testFilesByProject } from '../../test/support/setup/test-projects.ts';
import { readLog } from './log.ts';

/** The unit tests of a part, in one process, against the code that `mutate.ts` wrote. */
const root = join(import.meta.dirname, '../..');
const { MUTATION_FOLDER: folder = '', MUTATION_TESTS = '' } = process.env;
const ofPart = new RegExp(`^test/(?:${MUTATION_TESTS})`);
const code: Record<string, string> = JSON.parse(readFileSync(join(folder, 'code.json'), 'utf8'));
const memory = memoryFolder();

const changedCode: Plugin = {
  name: 'changed-code',
  enforce: 'pre',
  load: (id) => code[relative(root, id.replace(/\?.*/, ''))],
};

/** One of the tests that take the least time notices most changes. */
class CheapFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const costs = new Map<string, number>();
    for (const entry of readLog(folder)) {
      if (!('covered' in entry)) continue;
      const file = entry.test.split('_', 1)[0] ?? '';
      costs.set(file, (costs.get(file) ?? 0) + entry.ms);
    }
    const cost = ({ taskId }: TestSpecification) => costs.get(taskId) ?? 0;
    return files.sort((a, b) => cost(a) - cost(b));
  }
}

export default defineConfig({
  root,
  plugins: [changedCode, cheapPassphrases],
  test: {
    include: testFilesByProject(root).unit.filter((file) => ofPart.test(file)),
    exclude: [
      // One compares files of the repository, the other the name under which the program was started.
      ...['test/store/schema-docs.test.ts', 'test/reminders/digest.test.ts'],
      // Hundreds of runs in each test. What they find belongs in an example too.
      'test/**/*.property.test.ts',
    ],
    runner: join(import.meta.dirname, 'runner.ts'),
    sequence: { sequencer: CheapFilesFirst },
    isolate: false,
    maxWorkers: 1,
    testTimeout: 10_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    dangerouslyIgnoreUnhandledErrors: true,
    env: memory === null ? {} : { TMPDIR: memory },
    execArgv: ['--max-semi-space-size=64'],
    provide: { engine: 'sqlite' },
  },
});
