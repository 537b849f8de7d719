import { newDataKey } from '../../crypto/data-key.ts';
import { KeyRing } from '../../crypto/key-ring.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
import type { Db } from '../../store/db.ts';
import { recordKeyHost } from '../../store/keys/key-hosts.ts';
import { insertFirstKeys, listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { createFileKey, createKeychainKey, createPassphraseKey, type NewKey } from './create-key.ts';
import { hostName } from './host.ts';
import { keyRecordOf, VaultKeys } from './key-manager.ts';
import { type KeySource, keyFilePath } from './load-key.ts';

/**
 * Opens the store's keys, or creates them on the first run. If a key exists but cannot be loaded, this throws an error with a
 * remedy and never creates a new key, because every stored token would be lost with a new key.
 */
export async function openKeys(db: Db, source: KeySource): Promise<VaultKeys> {
  if ((await listKeyEncryptionKeys(db)).length === 0) await createFirstKeys(db, source);
  const keys = await VaultKeys.open(db, source);
  // Best effort: only `key status` and `key rotate` use this record.
  await recordKeyHost(db, keys.kek.info.id, hostName(), source.now()).catch(() => {});
  return keys;
}

async function createFirstKeys(db: Db, source: KeySource): Promise<void> {
  const newKey = await createFirstKey(source);
  const dataKey = await newDataKey(newKey.key);
  const record = await keyRecordOf(newKey, new KeyRing([dataKey], newKey.key), source.now());
  // If another process was first, this key is unused. An error when removing it is ignored, because the key does no harm.
  if (!(await insertFirstKeys(db, source.now(), record, dataKey))) await newKey.undo().catch(() => {});
}

/** Creates a key of the configured kind. By default it is in the keychain, or in a file if no keychain is available. */
export async function createFirstKey(source: KeySource): Promise<NewKey> {
  const { settings } = source;
  if (settings.keyFile !== null) return createFileKey(source);
  if (settings.passphrase !== null) return await createPassphraseKey(settings.passphrase);
  try {
    return await createKeychainKey(source);
  } catch (error) {
    rethrowUnlessNoKeychain(error);
    const fileKey = createFileKey(source);
    source.onWarning(
      `No keychain is available, so the key was stored in the file ${keyFilePath(settings)}. Anyone who can read that ` +
        `file and the database can read the tokens. To see why no keychain is available: ${commandLine(['doctor'])}`,
    );
    return fileKey;
  }
}

/** A locked keychain must not cause the key to be stored permanently in a less protected place. */
function rethrowUnlessNoKeychain(failure: unknown): void {
  if (!(failure instanceof BrokerError)) throw failure;
  if (failure.code === 'E_KEYCHAIN') return;
  throw new BrokerError(failure.code, failure.message, {
    help: [...failure.remedies, 'To keep the key in a file instead, set WEBEX_TOKEN_KEY_FILE to its path.'],
    cause: failure.cause,
  });
}
