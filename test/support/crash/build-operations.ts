import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll } from 'vitest';
import { withCheapPassphrases } from '../setup/cheap-passphrases.ts';

/**
 * Makes operate.ts one file, which starts in a third of the time: it is started often, under strace. Returns where it
 * is, until the end of the test file that asks.
 */
export function builtOperate(): string {
  const folder = mkdtempSync(join(tmpdir(), 'webex-token-operate-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  // Another user runs it, too.
  chmodSync(folder, 0o755);
  const file = join(folder, 'operate.mjs');
  writeFileSync(file, withCheapPassphrases(bundle()));
  return file;
}

function bundle(): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(import.meta.dirname, 'operations.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Neither is used there.
    external: ['@napi-rs/keyring', '*/postgres.ts'],
    logLevel: 'warning',
  });
  return outputFiles[0]?.text ?? '';
}
