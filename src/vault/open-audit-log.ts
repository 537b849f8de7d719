import type { Settings } from '../config/settings.ts';
import { type Keychain, systemKeychain } from '../crypto/keychain.ts';
import { BrokerError } from '../errors/broker-error.ts';
import type { Db } from '../store/db.ts';
import { compareRecords } from './integrity/compare-records.ts';
import { VaultKeys } from './keys/key-manager.ts';
import type { KeySource } from './keys/load-key.ts';
import { openDatabase } from './vault.ts';

/**
 * Opens the store to read its audit log, and for nothing else: also a store that was changed from outside or rolled back,
 * which every other command refuses. `changed` says so, and is null for a store that is as this program left it. With
 * `verify`, the key is loaded to verify the signature, if this host has it. The caller closes `db`.
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

/** Without the key, the hashes are verified and the signature is not. */
async function loadKeys(db: Db, source: KeySource): Promise<void> {
  try {
    await VaultKeys.open(db, source);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    source.onWarning(`The signature cannot be verified. ${error.message}`);
  }
}
