import { readSettings } from '../config.ts';
import { systemKeychain } from '../keys/keychain.ts';
import { openRecords, type Records } from '../vault/vault.ts';
import { warn } from './terminal.ts';

/** Opens the store for one command that needs no key, and closes it whatever happens. `existing`: makes no new one. */
export async function withRecords<T>(
  use: (records: Records) => Promise<T>,
  options: { existing?: boolean } = {},
): Promise<T> {
  const records = await openRecords(readSettings(), Date.now, systemKeychain, { ...options, notice: warn });
  try {
    return await use(records);
  } finally {
    await records.db.destroy();
  }
}
