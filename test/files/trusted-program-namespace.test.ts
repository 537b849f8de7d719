import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';

const source = join(import.meta.dirname, '../../src/files/trusted-program.ts');
const unshare = ['unshare', '--map-current-user'];

/** Only root may become another user, and not every container allows user namespaces. */
const hasNamespaces =
  process.geteuid?.() === 0 &&
  spawnSync('setpriv', ['--reuid=1000', '--clear-groups', ...unshare, process.execPath, source]).status === 0;

describe.runIf(hasNamespaces)('a trusted program in a user namespace without root', () => {
  /** Checks a program below a folder of `owner`, as the user 1000. Returns why it is not trusted. */
  function refusal(owner: number, namespace: string[]): string {
    const root = temporaryFolder();
    chmodSync(root, 0o755);
    const above = join(root, 'above');
    const folder = join(above, 'hooks');
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    const file = join(folder, 'hook');
    writeFileSync(file, '', { mode: 0o700 });
    for (const path of [folder, file]) chownSync(path, 1000, 1000);
    chownSync(above, owner, owner);
    const script = `import(${JSON.stringify(source)}).then(({ assertTrustedProgram }) => {
      try { assertTrustedProgram(${JSON.stringify(file)}); } catch (error) { console.log(error.message); }
    });`;
    const as = [
      '--reuid=1000',
      '--regid=1000',
      '--clear-groups',
      ...namespace,
      process.execPath,
      '-e',
      script,
    ];
    return execFileSync('setpriv', as, { encoding: 'utf8' });
  }

  it('may be below folders of root, which have the ID of an unknown user there', () => {
    expect(refusal(0, unshare)).toBe('');
    expect(refusal(1000, unshare)).toBe('');
  });

  it('is not trusted outside of it below a folder of that user', () => {
    expect(refusal(65_534, [])).toContain('belongs to another user');
  });
});
