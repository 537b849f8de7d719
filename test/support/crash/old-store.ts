import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const fixture = join(import.meta.dirname, '../../fixtures/store-008');

/** A store that a version before the first release wrote; see the fixture's README. */
export async function oldStore(home: string): Promise<void> {
  mkdirSync(home, { mode: 0o700 });
  for (const name of ['key.jwk', 'store.db']) {
    copyFileSync(join(fixture, name), join(home, name));
    chmodSync(join(home, name), 0o600);
  }
}
