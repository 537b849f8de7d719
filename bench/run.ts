import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import '../scripts/closed-output.ts';

/*
 * npm run bench [-- NAME …]              runs all benchmarks or the named ones, each in its own process
 * npm run bench -- --check [--update]    compares ratios with the expected ones: see check.ts
 */
const benchmarks = [
  'commands',
  'token-endpoint',
  'dashboard',
  'due',
  'start-up',
  'scale',
  'replicas',
  'serve',
  'relay',
];

const [first, ...more] = process.argv.slice(2);
if (first === '--check') {
  process.exit(spawnSync(process.execPath, [fileOf('check'), ...more], { stdio: 'inherit' }).status ?? 1);
}
const requested = process.argv.slice(2);
const unknown = requested.filter((name) => !benchmarks.includes(name));
if (unknown.length > 0) {
  process.stderr.write(
    `Unknown benchmark: ${unknown.join(', ')}. The benchmarks are ${benchmarks.join(', ')}.\n`,
  );
  process.exit(2);
}
for (const name of requested.length > 0 ? requested : benchmarks) {
  process.stdout.write(`\n# ${name}\n\n`);
  const { status } = spawnSync(process.execPath, [fileOf(name)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}

function fileOf(name: string): string {
  return join(import.meta.dirname, `${name}.ts`);
}
