import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { afterAll } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'webex-token-operate-'));
// Another user runs it, too.
chmodSync(folder, 0o755);

/** operate.ts in one file, which starts in a third of the time: it is started often, under strace. */
export const operate = join(folder, 'operate.mjs');

/** A passphrase costs some tenths of a second each time, on purpose. */
const cheapPassphrase: Plugin = {
  name: 'cheap passphrase',
  setup({ onLoad }) {
    onLoad({ filter: /keys[\\/]passphrase\.ts$/ }, ({ path }) => {
      const usual = readFileSync(path, 'utf8');
      const contents = usual.replace('N: 2 ** 17', 'N: 2 ** 10');
      if (contents === usual) throw new Error('the cost of a passphrase is set elsewhere');
      return { contents, loader: 'ts' };
    });
  },
};

await build({
  entryPoints: [join(import.meta.dirname, 'operate.ts')],
  outfile: operate,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Neither is used there.
  external: ['@napi-rs/keyring', '*/postgres.ts'],
  logLevel: 'warning',
  plugins: [cheapPassphrase],
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
