import { newDataKey } from '../../crypto/data-key.ts';
import { KeyRing } from '../../crypto/key-ring.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import type { Db } from '../../store/db.ts';
import { recordKeyHost } from '../../store/keys/key-hosts.ts';
import { insertFirstKeys, listKeyEncryptionKeys } from '../../store/keys/keys.ts';
import { createFileKey, createKeychainKey, createPassphraseKey, type NewKey } from './create-key.ts';
import { hostName } from './host.ts';
import { keyRecordOf, VaultKeys } from './key-manager.ts';
import { type KeySource, keyFilePath } from './load-key.ts';

/**
 * Opens the store's keys; on the very first run it makes them. A key that was there once and is not to be had now is
 * an error that says what to do, never a reason for a new one: that would lose every token in the store.
 */
export async function openKeys(db: Db, source: KeySource): Promise<VaultKeys> {
  if ((await listKeyEncryptionKeys(db)).length === 0) await makeFirstKeys(db, source);
  const keys = await VaultKeys.open(db, source);
  // Which hosts hold which key is good to know; nothing depends on it.
  await recordKeyHost(db, keys.kek.info.id, hostName(), source.now()).catch(() => {});
  return keys;
}

async function makeFirstKeys(db: Db, source: KeySource): Promise<void> {
  const made = await createFirstKey(source);
  const dataKey = await newDataKey(made.key);
  const record = await keyRecordOf(made, new KeyRing([dataKey], made.key), source.now());
  // A key that nobody uses does no harm, so that taking it away again may fail.
  if (!(await insertFirstKeys(db, source.now(), record, dataKey))) await made.undo().catch(() => {});
}

/** A key of the kind that the settings ask for: else in the keychain, and where none works, in a file. */
export async function createFirstKey(source: KeySource): Promise<NewKey> {
  const { settings } = source;
  if (settings.keyFile !== null) return createFileKey(source);
  if (settings.passphrase !== null) return await createPassphraseKey(settings.passphrase);
  try {
    return await createKeychainKey(source);
  } catch (error) {
    rethrowUnlessNoKeychain(error);
    const first = createFileKey(source);
    source.onWarning(
      `No keychain works here, so the key was put into a file: ${keyFilePath(settings)}. Whoever can read that file ` +
        'and the database can read the tokens. "webex-token doctor" tells why.',
    );
    return first;
  }
}

/** A keychain that is only locked now is no reason to put the key where it is kept less well, for good. */
function rethrowUnlessNoKeychain(failure: unknown): void {
  if (!(failure instanceof BrokerError)) throw failure;
  if (failure.code === 'E_KEYCHAIN') return;
  throw new BrokerError(failure.code, failure.message, {
    help: `${failure.help ?? ''} To keep the key in a file instead, name one with WEBEX_TOKEN_KEY_FILE.`,
    cause: failure.cause,
  });
}
