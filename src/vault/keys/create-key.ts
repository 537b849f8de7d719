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
  /** Takes the key away again, where the store did not get to know it. */
  undo: () => Promise<void>;
}

/** A new key in the keychain, which has given it back once. Throws `E_KEYCHAIN…`. */
export async function createKeychainKey({ keychain }: KeySource): Promise<NewKey> {
  const key = randomBytes(32);
  const id = keyId(key);
  try {
    await keychain.set(id, key);
    if ((await keychain.get(id))?.equals(key) !== true) throw new Error('it did not give back what it took');
    return { info: { id, kind: 'keychain' }, key, undo: () => keychain.delete(id) };
  } catch (error) {
    throw keychainFailure(error);
  }
}

export async function makePassphraseKey(passphrase: string): Promise<NewKey> {
  const parameters = newScryptParameters();
  const key = await deriveKey(passphrase, parameters);
  return { info: { id: keyId(key), kind: 'passphrase', parameters }, key, undo: async () => {} };
}

/**
 * The key file that is there already (a second store may share it), or a new one. Where the store uses the one that is
 * there, the new one waits beside it. Throws `E_KEY_FILE`, `E_FILE_PERMISSIONS`.
 */
export function makeFileKey({ settings }: KeySource, known: KeyEncryptionKeyInfo[] = []): NewKey {
  const isUsed = (key: Buffer) => known.some(({ id }) => id === keyId(key));
  let key = keyAt(keyFilePath(settings));
  if (isUsed(key)) key = keyAt(nextKeyFilePath(settings));
  // The file stays, even where another process was faster: that one uses the same file.
  return { info: { id: keyId(key), kind: 'file' }, key, undo: async () => {} };
}

function keyAt(path: string): Buffer {
  let key = readKeyFile(path);
  if (key === null) {
    try {
      writeKeyFile(path, randomBytes(32));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new BrokerError('E_KEY_FILE', `The key file ${path} cannot be made.`, {
          help: 'Its folder has to exist and be yours to write in.',
          cause: error,
        });
      }
    }
    key = readKeyFile(path);
  }
  if (key === null) throw new BrokerError('E_KEY_FILE', `The key file ${path} went away.`);
  return key;
}
