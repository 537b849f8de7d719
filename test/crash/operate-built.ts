import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'webex-token-operate-'));
// Another user runs it, too.
chmodSync(folder, 0o755);

/** operate.ts in one file, which starts in a third of the time: it is started often, under strace. */
export const operate = join(folder, 'operate.mjs');

buildSync({
  entryPoints: [join(import.meta.dirname, 'operate.ts')],
  outfile: operate,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Neither is used there.
  external: ['@napi-rs/keyring', '*/postgres.ts'],
  logLevel: 'warning',
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
