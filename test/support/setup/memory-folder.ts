import { accessSync, constants, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes. Tests of an image and of the single file copy Node. A container often has 64 MiB. */
const leastRoom = 2 ** 31;

/**
 * The folder that Linux keeps in memory, where the stores of tests wait for no disk. Null if it is missing, small, or
 * mounted so that no program can be started from it, as some tests do.
 */
export function memoryFolder(): string | null {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize < leastRoom) return null;
    folder = mkdtempSync('/dev/shm/webex-token-test-');
    const program = join(folder, 'program');
    writeFileSync(program, '', { mode: 0o700 });
    accessSync(program, constants.X_OK);
    return '/dev/shm';
  } catch {
    return null;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}
