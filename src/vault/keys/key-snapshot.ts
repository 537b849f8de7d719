import { withSnapshot } from '../../store/database/snapshot.ts';
import type { Db } from '../../store/db.ts';
import { newestDataKey } from '../../store/keys/keys.ts';
import type { VaultKeys } from './key-manager.ts';

/**
 * Like `withSnapshot`, for a store whose keys another process may be changing: `keys` has the data keys of the snapshot. They are
 * loaded before it. Keys loaded from an old snapshot would look like those of a store that was rolled back, because this host
 * may have seen newer ones by then.
 */
export async function withKeySnapshot<T>(
  db: Db,
  keys: VaultKeys,
  use: (snapshot: Db) => Promise<T>,
): Promise<T> {
  for (;;) {
    const before = await newestDataKey(db);
    await keys.refresh();
    const used = await withSnapshot(db, async (snapshot) => {
      const newest = await newestDataKey(snapshot);
      return newest?.id === before?.id ? { result: await use(snapshot) } : null;
    });
    if (used !== null) return used.result;
  }
}
