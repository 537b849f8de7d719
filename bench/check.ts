import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureCommands } from './commands.ts';
import { measureStartUp } from './start-up.ts';

/*
 * Compares ratios with bench/expected.json: the processor time of commands relative to a bare Node, and the processor time and
 * memory of servers relative to a bare Express. Such ratios of alternating runs are similar on every machine, even while it does
 * other work. Fails if a ratio is more than 15 % higher than expected.
 *
 * npm run bench -- --check             compares
 * npm run bench -- --check --update    writes the measured ratios into the file
 */
const file = join(import.meta.dirname, 'expected.json');
const tolerance = 1.15;
const runs = Number(process.env.BENCH_RUNS ?? 15);

const measured = await measure();
if (process.argv.includes('--update')) {
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`);
} else {
  const expected = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  const slower: string[] = [];
  process.stdout.write('| | expected | measured |\n| --- | ---: | ---: |\n');
  for (const [title, expectedRatio] of Object.entries(expected)) {
    const ratio = measured[title] ?? Number.POSITIVE_INFINITY;
    if (ratio > expectedRatio * tolerance) slower.push(title);
    process.stdout.write(`| ${title} | ${expectedRatio.toFixed(2)} | ${ratio.toFixed(2)} |\n`);
  }
  if (slower.length > 0) {
    process.stderr.write(`\nMore than 15 % above the expected ratio: ${slower.join('; ')}\n`);
    process.exitCode = 1;
  }
}

async function measure(): Promise<Record<string, number>> {
  const commands = await measureCommands([1, 1_000], runs);
  commands.delete('node -e 0');
  commands.delete('gh auth token');
  for (const title of commands.keys()) if (title.startsWith('single file')) commands.delete(title);
  const servers = await measureStartUp(runs);
  const bare = servers.get('Express with helmet');
  servers.delete('Express with helmet');
  const ratios: [string, number][] = [...commands];
  for (const [name, { processorMs, mib }] of servers) {
    ratios.push([`${name}: start-up`, processorMs / (bare?.processorMs ?? Number.NaN)]);
    ratios.push([`${name}: memory`, mib / (bare?.mib ?? Number.NaN)]);
  }
  return Object.fromEntries(ratios.map(([title, ratio]) => [title, Math.round(ratio * 100) / 100]));
}
