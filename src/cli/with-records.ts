import { readSettings } from '../config.ts';
import { openRecords, type Records } from '../vault/vault.ts';

/** Opens the store for one command that needs no key, and closes it whatever happens. */
export async function withRecords<T>(use: (records: Records) => Promise<T>): Promise<T> {
  const records = await openRecords(readSettings());
  try {
    return await use(records);
  } finally {
    await records.db.destroy();
  }
}
