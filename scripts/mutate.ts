import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/*
 * Mutation tests: changes the code in thousands of small ways, and reports each change that no test notices. It changes one part
 * of the code at a time and runs only the tests in the folders for that part, which takes minutes.
 *
 * node scripts/mutate.ts [PART …]    by default, every part
 */
const parts: Record<string, { files: string; folders: string }> = {
  'client-auth': { files: 'src/api/client-auth/**/*.ts', folders: 'api' },
  requests: { files: 'src/api/request/**/*.ts', folders: 'api' },
  lifetimes: { files: 'src/domain/lifetimes.ts,src/domain/delays.ts', folders: 'domain' },
  reminders: {
    files: 'src/domain/reminder-triggers.ts,src/reminders/plan.ts,src/reminders/delivery-policy.ts',
    folders: 'domain|reminders',
  },
  'row-macs': { files: 'src/store/integrity/**/*.ts', folders: 'store|vault' },
  text: { files: 'src/text/**/*.ts', folders: 'text' },
  redirects: { files: 'src/webex/sign-in/**/*.ts', folders: 'webex' },
};

const requested = process.argv.slice(2);
const unknown = requested.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `Not a part: ${unknown.join(', ')}. The parts are ${Object.keys(parts).join(', ')}.\n`,
  );
  process.exit(1);
}
const stryker = join(import.meta.dirname, '../node_modules/@stryker-mutator/core/bin/stryker.js');
for (const name of requested.length > 0 ? requested : Object.keys(parts)) {
  const { files = '', folders = '' } = parts[name] ?? {};
  process.stdout.write(`\n${name}: ${files}\n`);
  const { status } = spawnSync(
    process.execPath,
    [stryker, 'run', 'scripts/mutate.config.json', '--mutate', files],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, TEST_FOLDERS: folders },
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exitCode = 1;
}
