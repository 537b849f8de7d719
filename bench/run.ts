import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/*
 * npm run bench [-- NAME …]: all benchmarks, or the named ones, each in its own process.
 */
const benchmarks = [
  'get',
  'token-endpoint',
  'dashboard',
  'due',
  'start-up',
  'scale',
  'replicas',
  'serve',
  'relay',
];

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`No benchmark is called ${unknown.join(', ')}. There are: ${benchmarks.join(', ')}\n`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : benchmarks) {
  process.stdout.write(`\n# ${name}\n\n`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
