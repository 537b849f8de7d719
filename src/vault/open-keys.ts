import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Settings } from '../config.ts';
import { BrokerError } from '../errors.ts';
import { readKeyFile, writeKeyFile } from '../keys/key-file.ts';
import { keyId } from '../keys/key-id.ts';
import { KeyRing, newDataKey } from '../keys/key-ring.ts';
import { type Keychain, keychainFailure } from '../keys/keychain.ts';
import { deriveKey, newScryptParameters } from '../keys/passphrase.ts';
import {
  insertFirstKeys,
  type KeyEncryptionKeyInfo,
  listDataKeys,
  listKeyEncryptionKeys,
} from '../store/keys.ts';
import type { Db } from '../store/store.ts';

export interface KeySource {
  settings: Pick<Settings, 'home' | 'keyFile' | 'passphrase'>;
  keychain: Keychain;
  now: () => number;
  /** Told, once, what a person should know of where the key now is. */
  notice: (text: string) => void;
}

/** The key file's place: the one that was named, else the one in the data folder. */
export function keyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>): string {
  return settings.keyFile ?? join(settings.home, 'key.jwk');
}

/**
 * Opens the store's keys; on the very first run it makes them. A key that was there once and is not to be had now is
 * an error that says what to do, never a reason for a new one: that would lose every token in the store.
 */
export async function openKeys(db: Db, source: KeySource): Promise<KeyRing> {
  let known = await listKeyEncryptionKeys(db);
  if (known.length === 0) {
    await makeFirstKeys(db, source);
    known = await listKeyEncryptionKeys(db);
  }
  const { info, key } = await obtain(known, source);
  return new KeyRing(await listDataKeys(db, info.id), key);
}

/** The first key-encryption key of the store that can be had here. Throws the reason for the first that cannot. */
async function obtain(
  known: KeyEncryptionKeyInfo[],
  source: KeySource,
): Promise<{ info: KeyEncryptionKeyInfo; key: Buffer }> {
  let failure: unknown;
  for (const info of known) {
    try {
      return { info, key: await fetchKey(info, source) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

async function fetchKey(info: KeyEncryptionKeyInfo, source: KeySource): Promise<Buffer> {
  switch (info.kind) {
    case 'file':
      return fileKey(info, source);
    case 'passphrase': {
      if (source.settings.passphrase === null) {
        throw new BrokerError(
          'E_KEY_PASSPHRASE',
          "This store's key comes of a passphrase, and none was given.",
          {
            help: 'Set WEBEX_TOKEN_PASSPHRASE to it.',
          },
        );
      }
      const key = await deriveKey(source.settings.passphrase, info.parameters);
      if (keyId(key) === info.id) return key;
      throw new BrokerError('E_KEY_PASSPHRASE', "WEBEX_TOKEN_PASSPHRASE is not this store's passphrase.", {
        help: 'Nothing was changed. Mind capitals, spaces, and quotes around it in .env.',
      });
    }
    case 'keychain': {
      const key = await source.keychain.get(info.id).catch((error: unknown) => {
        throw keychainFailure(error);
      });
      if (key !== null && keyId(key) === info.id) return key;
      throw new BrokerError('E_KEY_LOST', "The keychain answers, but does not hold this store's key.", {
        help: 'Was it removed, or is this another user or machine than the one that made the store? Restore a backup, or choose a new folder with WEBEX_TOKEN_HOME and sign in again. Nothing was changed.',
      });
    }
  }
}

function fileKey(info: KeyEncryptionKeyInfo, source: KeySource): Buffer {
  const path = keyFilePath(source.settings);
  const key = readKeyFile(path);
  if (key === null) {
    throw new BrokerError('E_KEY_LOST', `This store's key file is gone: ${path}.`, {
      help: 'Put it back, or name its place with WEBEX_TOKEN_KEY_FILE. Without it the stored tokens cannot be read. Nothing was changed, and no new key was made.',
    });
  }
  if (keyId(key) === info.id) return key;
  throw new BrokerError('E_KEY_LOST', `The key file ${path} holds the key of another store.`, {
    help: 'Put the right one in its place, or name it with WEBEX_TOKEN_KEY_FILE. Nothing was changed.',
  });
}

async function makeFirstKeys(db: Db, source: KeySource): Promise<void> {
  const { info, key, undo } = await firstKey(source);
  const dataKey = await newDataKey(key);
  // A key that nobody uses does no harm, so that taking it away again may fail.
  if (!(await insertFirstKeys(db, source.now(), info, dataKey))) await undo().catch(() => {});
}

interface FirstKey {
  info: KeyEncryptionKeyInfo;
  key: Buffer;
  /** Takes the key away again, where another process gave the store its keys meanwhile. */
  undo: () => Promise<void>;
}

async function firstKey(source: KeySource): Promise<FirstKey> {
  const { settings, keychain } = source;
  if (settings.keyFile !== null) return firstFileKey(source);
  if (settings.passphrase !== null) {
    const parameters = newScryptParameters();
    const key = await deriveKey(settings.passphrase, parameters);
    return { info: { id: keyId(key), kind: 'passphrase', parameters }, key, undo: async () => {} };
  }
  const key = randomBytes(32);
  const id = keyId(key);
  try {
    await keychain.set(id, key);
    if ((await keychain.get(id))?.equals(key) !== true) throw new Error('it did not give back what it took');
    return { info: { id, kind: 'keychain' }, key, undo: () => keychain.delete(id) };
  } catch (error) {
    refuseToPassOver(keychainFailure(error));
    const first = firstFileKey(source);
    source.notice(
      `No keychain works here, so the key was put into a file: ${keyFilePath(settings)}. Whoever can read that file ` +
        'and the database can read the tokens. "webex-token doctor" tells why.',
    );
    return first;
  }
}

/** A keychain that is only locked now is no reason to put the key where it is kept less well, for good. */
function refuseToPassOver(failure: BrokerError): void {
  if (failure.code !== 'E_KEYCHAIN_LOCKED') return;
  throw new BrokerError(failure.code, failure.message, {
    help: `${failure.help ?? ''} To keep the key in a file instead, name one with WEBEX_TOKEN_KEY_FILE.`,
    cause: failure.cause,
  });
}

/** The key file that is there already (a second store may share it), or a new one. */
function firstFileKey({ settings }: KeySource): FirstKey {
  const path = keyFilePath(settings);
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
  // The file stays, even where another process was faster: that one uses the same file.
  return { info: { id: keyId(key), kind: 'file' }, key, undo: async () => {} };
}
