import { randomBytes } from 'node:crypto';
import { readKeyFile, writeKeyFile } from '../../crypto/key-file.ts';
import { keyId } from '../../crypto/key-id.ts';
import { keychainFailure } from '../../crypto/keychain.ts';
import { deriveKey, newScryptParameters } from '../../crypto/passphrase.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { KeyEncryptionKeyInfo } from '../../store/keys/keys.ts';
import { type KeySource, keyFilePath, type LoadedKey, nextKeyFilePath } from './load-key.ts';

export type KeyKind = KeyEncryptionKeyInfo['kind'];

export interface NewKey extends LoadedKey {
  /** Deletes the key if it could not be added to the store. */
  undo: () => Promise<void>;
}

/** Creates a key in the keychain and reads it back once. Throws `E_KEYCHAIN…`. */
export async function createKeychainKey({ keychain }: KeySource): Promise<NewKey> {
  const key = randomBytes(32);
  const id = keyId(key);
  try {
    await keychain.set(id, key);
    if ((await keychain.get(id))?.equals(key) !== true) throw new Error('it did not return the stored key');
    return { info: { id, kind: 'keychain' }, key, undo: () => keychain.delete(id) };
  } catch (error) {
    throw keychainFailure(error);
  }
}

export async function createPassphraseKey(passphrase: string): Promise<NewKey> {
  const parameters = newScryptParameters();
  const key = await deriveKey(passphrase, parameters);
  return { info: { id: keyId(key), kind: 'passphrase', parameters }, key, undo: async () => {} };
}

/**
 * Returns the key in the existing key file, which other stores may use too, or creates a file. If this store already uses the
 * existing file, creates a new file next to it. Throws `E_KEY_FILE`, `E_FILE_PERMISSIONS`.
 */
export function createFileKey({ settings }: KeySource, known: KeyEncryptionKeyInfo[] = []): NewKey {
  const isUsed = (key: Buffer) => known.some(({ id }) => id === keyId(key));
  let key = keyAt(keyFilePath(settings));
  if (isUsed(key)) key = keyAt(nextKeyFilePath(settings));
  // The file is kept even if another process created it first, because that process uses the same file.
  return { info: { id: keyId(key), kind: 'file' }, key, undo: async () => {} };
}

function keyAt(path: string): Buffer {
  let key = readKeyFile(path);
  if (key === null) {
    try {
      writeKeyFile(path, randomBytes(32));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new BrokerError('E_KEY_FILE', `The key file ${path} cannot be created.`, {
          help: 'Make sure that its folder exists and that you can write to it.',
          cause: error,
        });
      }
    }
    key = readKeyFile(path);
  }
  if (key === null) throw new BrokerError('E_KEY_FILE', `The key file ${path} was removed.`);
  return key;
}
