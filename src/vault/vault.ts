import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { type Keychain, systemKeychain } from '../crypto/keychain.ts';
import { BrokerError } from '../errors/broker-error.ts';
import { assertPrivateDirectory, ensurePrivateDirectory } from '../files/private-files.ts';
import { outboundFetch } from '../http/fetch.ts';
import { listKeyEncryptionKeys } from '../store/keys/keys.ts';
import { type Db, openStore } from '../store/store.ts';
import { createWebexApi, type WebexApi } from '../webex/api/client.ts';
import type { Deployment } from '../webex/deployments.ts';
import { checkClock } from './integrity/clock-check.ts';
import { compareRecords } from './integrity/compare-records.ts';
import { assertNotEmptied, RollbackDetector } from './integrity/rollback-detection.ts';
import type { VaultKeys } from './keys/key-manager.ts';
import { openKeys } from './keys/open-keys.ts';
import { RejectedCallbackLog } from './sign-in/rejected-callbacks.ts';

/** What every use of the stored tokens needs. */
export interface Vault {
  settings: Settings;
  db: Db;
  keys: VaultKeys;
  /** Knows the store from the last time. */
  witness: RollbackDetector;
  webex: Record<Deployment, WebexApi>;
  /** Epoch milliseconds. */
  now: () => number;
}

/** The store alone: for what opens no token, and so needs no key. */
export type StoreContext = Pick<Vault, 'settings' | 'db' | 'now'>;

/** Who does something, for the audit log. */
export interface Actor {
  /** The network address, where it came over the network. */
  address?: string;
  /** The operating system's user, where it is a command. */
  user?: string;
}

export interface VaultOptions {
  fetch?: typeof globalThis.fetch;
  now?: () => number;
  keychain?: Keychain;
  onWarning?: (text: string) => void;
}

/** The SQLite database's place in the data folder. */
export function databaseFile(home: string): string {
  return join(home, 'store.db');
}

/** Where the store is: the PostgreSQL database that was named, else the SQLite file in the data folder. */
export function storeLocation(settings: Pick<Settings, 'home' | 'databaseUrl'>): string {
  return settings.databaseUrl ?? databaseFile(settings.home);
}

/**
 * Opens the store for what opens no token: a scheduled job or a monitor may well not reach the keychain. It is compared
 * with what was last seen of it; where that cannot be done, `notice` is told. Close its `db`.
 * Throws `E_STORE_EMPTIED` where everything is gone that was seen in it before, `E_STORE_ROLLED_BACK`, `E_INTEGRITY`, and with
 * `existing` `E_STORE_MISSING` where there is none: nothing is made then.
 */
export async function openStoreContext(
  settings: Settings,
  now: () => number = Date.now,
  keychain: Keychain = systemKeychain,
  { existing = false, onWarning = () => {} }: { existing?: boolean; onWarning?: (text: string) => void } = {},
): Promise<StoreContext> {
  const db = await openDatabase(settings, keychain, existing);
  try {
    await compareRecords(db, { settings, keychain, now, onWarning: onWarning });
    return { settings, now, db };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openDatabase(settings: Settings, keychain: Keychain, existing = false): Promise<Db> {
  if (!existing) ensurePrivateDirectory(settings.home);
  else if (existsSync(settings.home)) assertPrivateDirectory(settings.home);
  if (existing && settings.databaseUrl === null && !existsSync(databaseFile(settings.home))) {
    throw new BrokerError('E_STORE_MISSING', `There is no store in ${settings.home} yet.`, {
      help: 'Is WEBEX_TOKEN_HOME the same as where the tokens are stored? Nothing was made.',
    });
  }
  const db = await openStore(storeLocation(settings));
  try {
    if ((await listKeyEncryptionKeys(db)).length === 0) await assertNotEmptied(db, { settings, keychain });
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Opens store and keys, making them on the very first run. Close the vault with `closeVault`. */
export async function openVault(settings: Settings, options: VaultOptions = {}): Promise<Vault> {
  const { fetch = outboundFetch, now = Date.now, keychain = systemKeychain, onWarning = () => {} } = options;
  const db = await openDatabase(settings, keychain);
  try {
    const keys = await openKeys(db, { settings, keychain, now, onWarning: onWarning });
    const doubt = await checkClock(db, now());
    if (doubt !== null) onWarning(doubt);
    const witness = await RollbackDetector.of(db, keys.source, () => keys.kek.info.kind);
    const api = (deployment: Deployment) =>
      createWebexApi({ ...settings.webex[deployment], deployment, fetch, now });
    return {
      settings,
      db,
      keys,
      witness,
      now,
      webex: { commercial: api('commercial'), government: api('government') },
    };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

export async function closeVault(vault: Vault): Promise<void> {
  await vault.witness.close();
  try {
    await RejectedCallbackLog.of(vault).close();
  } finally {
    await vault.db.destroy();
  }
}
