import { existsSync, linkSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Settings } from '../../config/settings.ts';
import { readKeyFile } from '../../crypto/key-file.ts';
import { keyId } from '../../crypto/key-id.ts';
import { type Keychain, keychainFailure } from '../../crypto/keychain.ts';
import { deriveKey } from '../../crypto/passphrase.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { fsyncDirectory } from '../../files/private-files.ts';
import type { KeyEncryptionKeyInfo } from '../../store/keys/keys.ts';

export interface KeySource {
  settings: Pick<Settings, 'home' | 'keyFile' | 'passphrase' | 'databaseUrl'>;
  keychain: Keychain;
  now: () => number;
  /** Called once with a warning about the key's location. */
  onWarning: (text: string) => void;
}

/** A key-encryption key loaded on this host. */
export interface LoadedKey {
  info: KeyEncryptionKeyInfo;
  key: Buffer;
}

/** The path of the key file: as configured, or else in the data folder. */
export function keyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>): string {
  return settings.keyFile ?? join(settings.home, 'key.jwk');
}

/** The path of a new key file until the store has its key and it replaces the old file. */
export function nextKeyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>): string {
  return `${keyFilePath(settings)}.next`;
}

/** The path to which a configured key file is moved after its replacement. */
export function replacedKeyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>, key: Uint8Array): string {
  return `${keyFilePath(settings)}.replaced-${keyId(key).slice(0, 8)}`;
}

/**
 * Loads the newest key-encryption key of the store that this host has. If it has none, throws the error of the oldest key, or an
 * error that the user can fix, because most keys simply belong to other hosts.
 */
export async function loadKey(known: KeyEncryptionKeyInfo[], source: KeySource): Promise<LoadedKey> {
  const failures: unknown[] = [];
  for (const info of known.toReversed()) {
    try {
      return { info, key: await loadKeyById(info, source) };
    } catch (error) {
      failures.unshift(error);
    }
  }
  throw failures.find((error) => !isMissing(error)) ?? failures[0];
}

function isMissing(error: unknown): boolean {
  return error instanceof BrokerError && error.code === 'E_KEY_LOST';
}

/** Throws `E_KEY_LOST`, `E_KEY_FILE`, `E_KEY_PASSPHRASE` or `E_KEYCHAIN…` if this host does not have the key. */
export async function loadKeyById(info: KeyEncryptionKeyInfo, source: KeySource): Promise<Buffer> {
  switch (info.kind) {
    case 'file':
      return fileKey(info, source);
    case 'passphrase': {
      if (source.settings.passphrase === null) {
        throw new BrokerError(
          'E_KEY_PASSPHRASE',
          'This store is encrypted with a passphrase, but WEBEX_TOKEN_PASSPHRASE is not set.',
          { help: ['Set WEBEX_TOKEN_PASSPHRASE.', startOver(source.settings)] },
        );
      }
      const key = await deriveKey(source.settings.passphrase, info.parameters);
      if (keyId(key) === info.id) return key;
      throw new BrokerError('E_KEY_PASSPHRASE', "WEBEX_TOKEN_PASSPHRASE is not this store's passphrase.", {
        help: [
          'Check capitals, spaces, and quotes around it in .env. Nothing was changed.',
          startOver(source.settings),
        ],
      });
    }
    case 'keychain': {
      const key = await source.keychain.get(info.id).catch((error: unknown) => {
        throw keychainFailure(error);
      });
      if (key !== null && keyId(key) === info.id) return key;
      throw new BrokerError('E_KEY_LOST', "The keychain does not contain this store's key.", {
        help: [
          'Someone removed the key, or another user or host created this store. Nothing was changed.',
          { text: 'To request access with your own key', command: ['key', 'request'] },
          startOver(source.settings),
        ],
      });
    }
  }
}

/** The last resort if no one has the key: the tokens cannot be decrypted, but a new sign-in replaces them. */
function startOver({ databaseUrl }: Pick<KeySource['settings'], 'databaseUrl'>): string {
  const place =
    databaseUrl === null
      ? 'WEBEX_TOKEN_HOME to a new folder'
      : 'WEBEX_TOKEN_DATABASE_URL to an empty database';
  return `If it is lost for good, restore a backup, or set ${place} and sign in again.`;
}

function fileKey(info: KeyEncryptionKeyInfo, { settings }: KeySource): Buffer {
  const path = keyFilePath(settings);
  const candidates = [path, nextKeyFilePath(settings), path];
  let exists = false;
  // The first path is read twice, because another process may move the file from the second path to the first meanwhile.
  for (const candidate of candidates) {
    const key = readKeyFile(candidate);
    if (key !== null && keyId(key) === info.id) return key;
    exists = candidate === path && key !== null;
  }
  if (!exists) {
    throw new BrokerError('E_KEY_LOST', `This store's key file does not exist: ${path}.`, {
      help: [
        'Restore the file, or set WEBEX_TOKEN_KEY_FILE to its path. Nothing was changed, and no new key was created.',
        {
          text: 'If other hosts use this store, request access for this one',
          command: ['key', 'request', '--file'],
        },
        startOver(settings),
      ],
    });
  }
  throw new BrokerError('E_KEY_LOST', `The key file ${path} does not contain a key of this store.`, {
    help: [
      'Its key belongs to another store, or was removed from this one. Restore the right file, or set WEBEX_TOKEN_KEY_FILE to its path. Nothing was changed.',
      { text: 'To request access with this key file', command: ['key', 'request', '--file'] },
      startOver(settings),
    ],
  });
}

/**
 * Replaces the old key file with the new one, once the store has only the new key. Call it within a write transaction of the
 * store, so that no other process moves the files at the same time.
 */
export function finishKeyFileSwap(known: KeyEncryptionKeyInfo[], { settings }: KeySource): void {
  try {
    if (!awaitsReplacement(known, { settings })) return;
    const [path, next] = [keyFilePath(settings), nextKeyFilePath(settings)];
    const old = readKeyFile(path);
    // Other stores may use a configured file too, so it is kept under another name. With a link, a key file always exists.
    if (old !== null && settings.keyFile !== null) {
      const replaced = replacedKeyFilePath(settings, old);
      if (!existsSync(replaced)) linkSync(path, replaced);
    }
    renameSync(next, path);
    fsyncDirectory(dirname(path));
  } catch {
    // Ignored: the new file is still read from its temporary path, and reading it reports any problem.
  }
}

/** Whether there is a new key file whose key the store has, but which has not replaced the old file yet. */
export function awaitsReplacement(
  known: KeyEncryptionKeyInfo[],
  { settings }: Pick<KeySource, 'settings'>,
): boolean {
  const isKnown = (key: Buffer | null) =>
    key !== null && known.some(({ id, kind }) => kind === 'file' && id === keyId(key));
  try {
    return isKnown(readKeyFile(nextKeyFilePath(settings))) && !isKnown(readKeyFile(keyFilePath(settings)));
  } catch {
    return false;
  }
}
