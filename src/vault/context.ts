import type { Settings } from '../config/settings.ts';
import type { Keychain } from '../crypto/keychain.ts';
import type { runHook } from '../process/run-hook.ts';
import type { Db } from '../store/db.ts';
import type { WebexApi } from '../webex/api/client.ts';
import type { Deployment } from '../webex/deployments.ts';
import type { RollbackDetector } from './integrity/rollback-detection.ts';
import type { VaultKeys } from './keys/key-manager.ts';
import type { Renewals } from './renewals/renewals.ts';
import type { HookRun } from './renewals/run-renewal-hook.ts';
import type { RejectedCallbackLog } from './sign-in/rejected-callbacks.ts';

/** An open store with its keys, and the state of this process while it is open. */
export interface Vault {
  settings: Settings;
  db: Db;
  keys: VaultKeys;
  rollbackDetector: RollbackDetector;
  rejectedCallbacks: RejectedCallbackLog;
  /**
   * IDs of the sign-ins whose redirect arrived in time but is not stored yet. If the disk is full, the browser keeps the
   * redirect and may send it again after the sign-in has expired.
   */
  receivedInTime: Set<string>;
  /** Runs the renewal hook, and notifies its listener about new tokens. */
  renewals: Renewals;
  webex: Record<Deployment, WebexApi>;
  /** Epoch milliseconds. */
  now: () => number;
}

/** The store without its keys, for everything that does not decrypt tokens. */
export type StoreContext = Pick<Vault, 'settings' | 'db' | 'now'>;

/** Who performs an action, for the audit log. */
export interface Actor {
  /** The network address, for an HTTP request. */
  address?: string;
  /** The operating-system user, for a command. */
  user?: string;
}

export interface VaultOptions {
  fetch?: typeof globalThis.fetch;
  now?: () => number;
  keychain?: Keychain;
  onWarning?: (text: string) => void;
  /** Called after each run of the renewal hook. */
  onHook?: (run: HookRun) => void;
  /** If the store has at most this many protected rows, all of them are checked when it is opened. */
  rowsToCheck?: number;
  /** Runs the renewal hook; replaced in tests. */
  runHook?: typeof runHook;
}
