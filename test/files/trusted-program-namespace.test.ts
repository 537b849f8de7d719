import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloneIsOpen, whySkipped } from '../support/open-to-others.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const source = join(import.meta.dirname, '../../src/files/trusted-program.ts');
const asUser1000 = ['--reuid=1000', '--regid=1000', '--clear-groups'];
const unshare = ['unshare', '--map-current-user'];

/** Not every container allows user namespaces. */
function reasonToSkip(): string {
  if (process.geteuid?.() !== 0) return ' (skipped: only root may become another user)';
  if (!cloneIsOpen) return whySkipped;
  const { status } = spawnSync('setpriv', [...asUser1000, ...unshare, process.execPath, source]);
  return status === 0 ? '' : ' (skipped: user 1000 cannot run Node in a user namespace here)';
}

const reason = reasonToSkip();
describe.skipIf(reason !== '')(`a trusted program in a user namespace without root${reason}`, () => {
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
    const command = [...asUser1000, ...namespace, process.execPath, '-e', script];
    return execFileSync('setpriv', command, { encoding: 'utf8' });
  }

  it('may be below folders of root, which have the ID of an unknown user there', () => {
    expect(refusal(0, unshare)).toBe('');
    expect(refusal(1000, unshare)).toBe('');
  });

  it('is not trusted outside of it below a folder of that user', () => {
    expect(refusal(65_534, [])).toContain('belongs to another user');
  });
});
