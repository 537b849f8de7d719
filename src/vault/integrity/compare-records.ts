import { existsSync } from 'node:fs';
import type { Db } from '../../store/db.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { compareStore, compareWithSeen, notCompared } from './rollback-detection.ts';

/**
 * Compares a store with the last state seen on this host, without any prompt and without delay: reads a key file, does not
 * derive a key from a passphrase, and waits only briefly for a keychain. Throws `E_STORE_ROLLED_BACK`, `E_INTEGRITY`.
 */
export async function compareRecords(db: Db, source: KeySource, rowsToCheck?: number): Promise<void> {
  const keys = await listKeyEncryptionKeys(db);
  if (keys.length === 0) return;
  const kind = likelyKind(source);
  if (kind === 'file' && keys.some((key) => key.kind === 'file')) {
    try {
      const opened = await VaultKeys.open(db, source);
      return await compareStore(db, source, opened.kek.info.kind, rowsToCheck);
    } catch (error) {
      if (!isAboutTheKey(error)) throw error;
    }
  }
  if (await compareWithSeen(db, source, kind)) return;
  source.onWarning(notCompared(source, kind));
}

function likelyKind({ settings }: KeySource): KeyKind {
  if (settings.passphrase !== null) return 'passphrase';
  return existsSync(keyFilePath(settings)) ? 'file' : 'keychain';
}

/** Whether the key is unavailable. Commands that do not need it continue without it. */
function isAboutTheKey(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('E_KEY') || code === 'E_PASSPHRASE');
}
