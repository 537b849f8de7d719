import { readSettings } from '../config.ts';
import { openRecords, type Records } from '../vault/vault.ts';

/** Opens the store for one command that needs no key, and closes it whatever happens. `existing`: makes no new one. */
export async function withRecords<T>(
  use: (records: Records) => Promise<T>,
  options: { existing?: boolean } = {},
): Promise<T> {
  const records = await openRecords(readSettings(), undefined, undefined, options);
  try {
    return await use(records);
  } finally {
    await records.db.destroy();
  }
}
