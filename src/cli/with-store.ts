import { readSettings } from '../config/settings.ts';
import { systemKeychain } from '../crypto/keychain.ts';
import type { StoreContext } from '../vault/context.ts';
import { openStoreContext, type StoreContextOptions } from '../vault/vault.ts';
import { warn } from './terminal/terminal.ts';

/** Opens the store for a command that needs no key, and always closes it. */
export async function withStore<T>(
  use: (store: StoreContext) => Promise<T>,
  options: Omit<StoreContextOptions, 'onWarning'> = {},
): Promise<T> {
  const store = await openStoreContext(readSettings(), Date.now, systemKeychain, {
    ...options,
    onWarning: warn,
  });
  try {
    return await use(store);
  } finally {
    await store.db.destroy();
  }
}
