import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { type Keychain, systemKeychain } from '../crypto/keychain.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { assertPrivateDirectory, ensurePrivateDirectory } from '../files/private-files.ts';
import { outboundFetch } from '../http/fetch.ts';
import type { Db } from '../store/db.ts';
import { copyBeforeUpgrade } from '../store/sqlite/upgrade-copy.ts';
import { openStore } from '../store/store.ts';
import { createWebexApi } from '../webex/api/client.ts';
import type { Deployment } from '../webex/deployments.ts';
import type { StoreContext, Vault, VaultOptions } from './context.ts';
import { checkClock } from './integrity/clock-check.ts';
import { compareRecords } from './integrity/compare-records.ts';
import { assertNotEmptied, RollbackDetector } from './integrity/rollback-detection.ts';
import { openKeys } from './keys/open-keys.ts';
import { Renewals } from './renewals/renewals.ts';
import { RejectedCallbackLog } from './sign-in/rejected-callbacks.ts';
import { databaseFile, storeLocation } from './store-location.ts';

/**
 * Opens the store without its keys, for a scheduled job or a monitor that may have no access to the keychain. Compares the store
 * with the last state seen on this host, and calls `onWarning` if that is not possible. The caller closes `db`.
 *
 * Throws `E_STORE_EMPTIED`, `E_STORE_ROLLED_BACK` or `E_INTEGRITY`. With `existing`, throws `E_STORE_MISSING` instead of
 * creating a store.
 */
export async function openStoreContext(
  settings: Settings,
  now: () => number = Date.now,
  keychain: Keychain = systemKeychain,
  { existing = false, rowsToCheck, onWarning = () => {} }: StoreContextOptions = {},
): Promise<StoreContext> {
  const db = await openDatabase(settings, { keychain, existing, onWarning });
  try {
    await compareRecords(db, { settings, keychain, now, onWarning }, rowsToCheck);
    return { settings, now, db };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

export interface StoreContextOptions extends Pick<VaultOptions, 'onWarning' | 'rowsToCheck'> {
  /** Do not create a store. */
  existing?: boolean;
}

interface DatabaseOptions {
  keychain: Keychain;
  existing: boolean;
  onWarning: (text: string) => void;
}

/** Opens the database without comparing it with the last state. Throws `E_STORE_EMPTIED`, `E_STORE_MISSING`. */
export async function openDatabase(
  settings: Settings,
  { keychain, existing, onWarning }: DatabaseOptions,
): Promise<Db> {
  if (!existing) ensurePrivateDirectory(settings.home);
  else if (existsSync(settings.home)) assertPrivateDirectory(settings.home);
  if (existing && settings.databaseUrl === null && !existsSync(databaseFile(settings.home))) {
    throw new BrokerError('E_STORE_MISSING', `${settings.home} does not contain a store.`, {
      help: 'Check that WEBEX_TOKEN_HOME is set to the data folder with your tokens. Nothing was created.',
    });
  }
  const db = await openStore(storeLocation(settings), {
    beforeUpgrade: (schema) => keepCopy(databaseFile(settings.home), schema, onWarning),
  });
  try {
    await assertNotEmptied(db, { settings, keychain });
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

function keepCopy(file: string, schema: string, onWarning: (text: string) => void): void {
  try {
    const copy = copyBeforeUpgrade(file, schema);
    if (copy === null) return;
    onWarning(`This version upgrades the store. A copy of the previous store is kept for 30 days: ${copy}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BrokerError('E_STORE', `The store cannot be copied before its upgrade: ${reason}.`, {
      help: `Nothing was changed. Check the free space and the permissions of ${dirname(file)}.`,
      cause: error,
    });
  }
}

/** Opens the store and its keys, and creates both on the first run. Close the vault with `closeVault`. */
export async function openVault(settings: Settings, options: VaultOptions = {}): Promise<Vault> {
  const { fetch = outboundFetch, now = Date.now, keychain = systemKeychain, onWarning = () => {} } = options;
  const db = await openDatabase(settings, { keychain, existing: false, onWarning });
  try {
    const keys = await openKeys(db, { settings, keychain, now, onWarning });
    const clockWarning = await checkClock(db, now());
    if (clockWarning !== null) onWarning(clockWarning);
    const api = (deployment: Deployment) =>
      createWebexApi({ ...settings.webex[deployment], deployment, fetch, now });
    return {
      settings,
      db,
      keys,
      rollbackDetector: await RollbackDetector.of(
        db,
        keys.source,
        () => keys.kek.info.kind,
        options.rowsToCheck,
      ),
      rejectedCallbacks: new RejectedCallbackLog({ db, now }),
      receivedInTime: new Set(),
      renewals: new Renewals({ settings, db, now }, options),
      now,
      webex: { commercial: api('commercial'), government: api('government') },
    };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

export async function closeVault(vault: Vault): Promise<void> {
  await vault.renewals.idle();
  await vault.rollbackDetector.close();
  try {
    await vault.rejectedCallbacks.close();
  } finally {
    await vault.db.destroy();
  }
}
