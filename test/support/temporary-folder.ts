import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './for-file.ts';

/** A folder for its owner alone, without symbolic links in its path, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'webex-token-test-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
