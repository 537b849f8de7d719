import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/*
 * Mutation tests: changes the code in thousands of small ways, and reports each change that no test notices. One part of the
 * code at a time, with the tests of the rooms that are about it, so that a part takes minutes.
 *
 * node scripts/mutate.ts [PART …]    by default every part
 */
const parts: Record<string, { files: string; rooms: string }> = {
  'client-auth': { files: 'src/api/client-auth/**/*.ts', rooms: 'api' },
  requests: { files: 'src/api/request/**/*.ts', rooms: 'api' },
  lifetimes: { files: 'src/domain/lifetimes.ts,src/domain/delays.ts', rooms: 'domain' },
  reminders: {
    files: 'src/domain/reminder-triggers.ts,src/reminders/plan.ts,src/reminders/delivery-policy.ts',
    rooms: 'domain|reminders',
  },
  'row-macs': { files: 'src/store/integrity/**/*.ts', rooms: 'store|vault' },
  text: { files: 'src/text/**/*.ts', rooms: 'text' },
  redirects: { files: 'src/webex/sign-in/**/*.ts', rooms: 'webex' },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `Not a part: ${unknown.join(', ')}. The parts are ${Object.keys(parts).join(', ')}.\n`,
  );
  process.exit(1);
}
const stryker = join(import.meta.dirname, '../node_modules/@stryker-mutator/core/bin/stryker.js');
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  const { files = '', rooms = '' } = parts[name] ?? {};
  process.stdout.write(`\n${name}: ${files}\n`);
  const { status } = spawnSync(
    process.execPath,
    [stryker, 'run', 'scripts/mutate.config.json', '--mutate', files],
    { cwd: join(import.meta.dirname, '..'), env: { ...process.env, TEST_ROOMS: rooms }, stdio: 'inherit' },
  );
  if (status !== 0) process.exitCode = 1;
}
