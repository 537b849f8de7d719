import { parseArgs } from 'node:util';
import { runTarget } from '../test/fuzz/run-target.ts';
import { targets } from '../test/fuzz/targets.ts';
import './closed-output.ts';

/*
 * npm run fuzz [-- TARGET …] [--minutes N] [--seed N]: fuzzes every parser of untrusted input, ten minutes each.
 * A failure is printed with the seed that reproduces it.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const minutes = Number(values.minutes);
const unknown = positionals.filter((name) => !Object.hasOwn(targets, name));
if (unknown.length > 0 || !(minutes > 0)) {
  process.stderr.write(
    `Usage: npm run fuzz -- [TARGET …] [--minutes N] [--seed N]\nTargets: ${Object.keys(targets).join(', ')}\n`,
  );
  process.exit(2);
}
for (const [name, open] of Object.entries(targets)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const seed = values.seed === undefined ? {} : { seed: Number(values.seed) };
  const result = await runTarget(open, { ...seed, runs: 2 ** 31 - 1, timeMs: minutes * 60_000 });
  const { failure, runs, slowestMs } = result;
  process.stdout.write(`${name}: ${runs} inputs, the slowest ${slowestMs} ms, seed ${result.seed}\n`);
  if (failure === null) continue;
  process.stdout.write(`  FAILED: ${failure.error}\n  input: ${failure.input}\n`);
  process.exitCode = 1;
}
