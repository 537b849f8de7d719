import { expect, test } from 'vitest';
import { runTarget } from '../fuzz/run-target.ts';
import { targets } from '../fuzz/targets.ts';

/** A few of each, always the same ones. `npm run fuzz` makes many, and others. */
const runs: Record<string, number> = {
  host: 150,
  origin: 150,
  cookies: 80,
  'token-endpoint': 80,
  backup: 80,
  csv: 200,
};

test.each(Object.entries(targets))('%s', async (name, open) => {
  const result = await runTarget(open, { seed: 20_270_301, runs: runs[name] ?? 500, timeMs: 20_000 });
  expect(result.failure).toBeNull();
  expect(result.runs).toBe(runs[name] ?? 500);
});
