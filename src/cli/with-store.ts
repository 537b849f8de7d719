import { readSettings } from '../config/settings.ts';
import { systemKeychain } from '../crypto/keychain.ts';
import type { StoreContext } from '../vault/context.ts';
import { openStoreContext } from '../vault/vault.ts';
import { warn } from './terminal/terminal.ts';

/** Opens the store for one command that needs no key, and closes it whatever happens. `existing`: makes no new one. */
export async function withStore<T>(
  use: (records: StoreContext) => Promise<T>,
  options: { existing?: boolean } = {},
): Promise<T> {
  const records = await openStoreContext(readSettings(), Date.now, systemKeychain, {
    ...options,
    onWarning: warn,
  });
  try {
    return await use(records);
  } finally {
    await records.db.destroy();
  }
}
