import type { Settings } from '../config/settings.ts';
import { type Keychain, systemKeychain } from '../crypto/keychain.ts';
import { BrokerError } from '../errors/broker-error.ts';
import type { Db } from '../store/db.ts';
import { compareRecords } from './integrity/compare-records.ts';
import { VaultKeys } from './keys/key-manager.ts';
import type { KeySource } from './keys/load-key.ts';
import { openDatabase } from './vault.ts';

/**
 * Opens the store only to read its audit log. Unlike every other command, this also opens a store that was rolled back or
 * changed outside this program. `changed` is the error for such a store, and null for any other. With `verify`, loads the key
 * to verify the signature if this host has it. The caller closes `db`.
 */
export async function openAuditLog(
  settings: Settings,
  { verify = false, keychain = systemKeychain, now = Date.now, onWarning = () => {} }: Options = {},
): Promise<{ db: Db; changed: BrokerError | null }> {
  const db = await openDatabase(settings, { keychain, existing: false, onWarning });
  const source = { settings, keychain, now, onWarning };
  try {
    const changed = await compareRecords(db, source).then(() => null, changeOf);
    if (verify) await loadKeys(db, source);
    return { db, changed };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

interface Options {
  verify?: boolean;
  keychain?: Keychain;
  now?: () => number;
  onWarning?: (text: string) => void;
}

function changeOf(error: unknown): BrokerError {
  if (error instanceof BrokerError && ['E_INTEGRITY', 'E_STORE_ROLLED_BACK'].includes(error.code))
    return error;
  throw error;
}

/** Loads the keys if possible. Without them, only the hashes can be verified, not the signature. */
async function loadKeys(db: Db, source: KeySource): Promise<void> {
  try {
    await VaultKeys.open(db, source);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    source.onWarning(`The signature cannot be verified. ${error.message}`);
  }
}
