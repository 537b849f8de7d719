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
  /** Told, once, what a person should know of where the key now is. */
  onWarning: (text: string) => void;
}

/** A key-encryption key that is at hand. */
export interface LoadedKey {
  info: KeyEncryptionKeyInfo;
  key: Buffer;
}

/** The key file's place: the one that was named, else the one in the data folder. */
export function keyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>): string {
  return settings.keyFile ?? join(settings.home, 'key.jwk');
}

/** Where a key file waits that is to take the other one's place, until the store has been told of it. */
export function nextKeyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>): string {
  return `${keyFilePath(settings)}.next`;
}

/** Where a key file that was named is moved to, once another has taken its place. */
export function replacedKeyFilePath(settings: Pick<Settings, 'home' | 'keyFile'>, key: Uint8Array): string {
  return `${keyFilePath(settings)}.replaced-${keyId(key).slice(0, 8)}`;
}

/**
 * The newest key-encryption key of the store that can be had here. Throws the reason why the oldest cannot, unless
 * another one's is something that the person can mend: most keys are simply somebody else's.
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

/** Throws `E_KEY_LOST`, `E_KEY_FILE`, `E_KEY_PASSPHRASE`, `E_KEYCHAIN…` where it is not at hand. */
export async function loadKeyById(info: KeyEncryptionKeyInfo, source: KeySource): Promise<Buffer> {
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
        help: 'Was it removed, or is this another user or machine than the one that made the store? To be let in with a key of your own, run "webex-token key request" and send what it prints to somebody who has one. Otherwise restore a backup, or choose a new folder with WEBEX_TOKEN_HOME and sign in again. Nothing was changed.',
      });
    }
  }
}

function fileKey(info: KeyEncryptionKeyInfo, { settings }: KeySource): Buffer {
  const path = keyFilePath(settings);
  const places = [path, nextKeyFilePath(settings), path];
  let isThere = false;
  // The first place is read twice: meanwhile another process may have moved the file from the second to the first.
  for (const place of places) {
    const key = readKeyFile(place);
    if (key !== null && keyId(key) === info.id) return key;
    isThere = place === path && key !== null;
  }
  if (!isThere) {
    throw new BrokerError('E_KEY_LOST', `This store's key file is gone: ${path}.`, {
      help: 'Put it back, or name its place with WEBEX_TOKEN_KEY_FILE. Is this host new to a store that others use? "webex-token key request --file" asks them to be let in. Without a key the stored tokens cannot be read. Nothing was changed, and no new key was made.',
    });
  }
  throw new BrokerError('E_KEY_LOST', `The key file ${path} holds a key that this store does not know.`, {
    help: 'It is the key of another store, or one that was removed from this store. Put the right one in its place, name it with WEBEX_TOKEN_KEY_FILE, or ask for access: webex-token key request --file. Nothing was changed.',
  });
}

/**
 * Puts the new key file into the old one's place, once the store knows the new one alone. To be called within the lock
 * of all writers of the store: what is looked at must not be moved by another process before it is moved here.
 */
export function finishKeyFileSwap(known: KeyEncryptionKeyInfo[], { settings }: KeySource): void {
  try {
    if (!awaitsReplacement(known, { settings })) return;
    const [path, next] = [keyFilePath(settings), nextKeyFilePath(settings)];
    const old = readKeyFile(path);
    // A file that was named may serve other stores too. It is linked, so that there is a key file at any moment.
    if (old !== null && settings.keyFile !== null) {
      const replaced = replacedKeyFilePath(settings, old);
      if (!existsSync(replaced)) linkSync(path, replaced);
    }
    renameSync(next, path);
    fsyncDirectory(dirname(path));
  } catch {
    // It is read where it is; and what is wrong with it is said where it is needed.
  }
}

/** Whether a new key file that the store knows waits for the place of one that it no longer knows. */
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
