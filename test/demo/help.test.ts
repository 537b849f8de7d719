import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const run = (option: string) =>
  spawnSync(process.execPath, [join(root, 'src/demo/demo.ts'), option], { cwd: root, encoding: 'utf8' });

describe('npm run demo', () => {
  it('prints its options with --help, and starts nothing', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('Usage: npm run demo -- [options]');
    expect(stdout).toContain('--postgres');
    expect(stdout).not.toContain('/access/');
  });

  it('refuses an unknown option', () => {
    const { status, stderr } = run('--unknown');
    expect(status).not.toBe(0);
    expect(stderr).toContain("unknown option '--unknown'");
  });
});
