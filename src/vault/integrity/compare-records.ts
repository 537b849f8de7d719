import { existsSync } from 'node:fs';
import type { Db } from '../../store/db.ts';
import { listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import type { KeyKind } from '../keys/create-key.ts';
import { VaultKeys } from '../keys/key-manager.ts';
import { type KeySource, keyFilePath } from '../keys/load-key.ts';
import { compareStore, compareWithSeen } from './rollback-detection.ts';

/**
 * Compares a store with what was last seen of it, with as much as can be had without asking anybody: a key file is read,
 * a passphrase is not worked out, and a keychain is only asked for a moment. Throws `E_STORE_ROLLED_BACK`, `E_INTEGRITY`.
 */
export async function compareRecords(db: Db, source: KeySource): Promise<void> {
  const keys = await listKeyEncryptionKeys(db);
  if (keys.length === 0) return;
  const kind = likelyKind(source);
  if (kind === 'file' && keys.some((key) => key.kind === 'file')) {
    try {
      const opened = await VaultKeys.open(db, source);
      return await compareStore(db, source, opened.kek.info.kind);
    } catch (error) {
      if (!isAboutTheKey(error)) throw error;
    }
  }
  if (await compareWithSeen(db, source, kind)) return;
  source.onWarning(
    'The database was not compared with what was last seen of it: the keychain does not answer. Whether it was rolled back is not known.',
  );
}

function likelyKind({ settings }: KeySource): KeyKind {
  if (settings.passphrase !== null) return 'passphrase';
  return existsSync(keyFilePath(settings)) ? 'file' : 'keychain';
}

/** The key is not to be had: a command that needs none goes on without. */
function isAboutTheKey(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (code.startsWith('E_KEY') || code === 'E_PASSPHRASE');
}
