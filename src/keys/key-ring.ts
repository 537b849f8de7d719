import { randomBytes } from 'node:crypto';
import { BrokerError } from '../errors.ts';
import { keyIdOf, open, SealBroken, seal } from './jwe.ts';
import { keyId } from './key-id.ts';

/** A data key as the store keeps it: wrapped by a key-encryption key. */
export interface WrappedDataKey {
  dataKeyId: string;
  keyEncryptionKeyId: string;
  jwe: string;
}

/** Makes a new data key, wrapped for one key-encryption key. */
export async function newDataKey(keyEncryptionKey: Uint8Array): Promise<WrappedDataKey> {
  const dataKey = randomBytes(32);
  return await wrapDataKey(dataKey, keyEncryptionKey);
}

export async function wrapDataKey(
  dataKey: Uint8Array,
  keyEncryptionKey: Uint8Array,
): Promise<WrappedDataKey> {
  const dataKeyId = keyId(dataKey);
  const keyEncryptionKeyId = keyId(keyEncryptionKey);
  const jwe = await seal(dataKey, keyEncryptionKey, keyEncryptionKeyId, { dataKey: dataKeyId });
  return { dataKeyId, keyEncryptionKeyId, jwe };
}

export function unwrapDataKey(wrapped: WrappedDataKey, keyEncryptionKey: Uint8Array): Buffer {
  return open(wrapped.jwe, keyEncryptionKey, wrapped.keyEncryptionKeyId, { dataKey: wrapped.dataKeyId });
}

/** Which row a sealed token stands in. */
export interface TokenPlace {
  tokenId: string;
  profileId: string;
}

/** Opens a sealed token with the one data key that is at hand, where that is the one it was sealed with. */
export function openToken(sealed: string, dataKey: Uint8Array, dataKeyId: string, place: TokenPlace): string {
  return open(sealed, dataKey, dataKeyId, belongingOf(place)).toString('utf8');
}

function belongingOf(place: TokenPlace): Record<string, string> {
  return { token: place.tokenId, profile: place.profileId };
}

/** The data keys that this process can use. The last one seals, all of them open. */
export class KeyRing {
  readonly #keys = new Map<string, Buffer>();
  #sealingKeyId = '';

  /** @param wrapped oldest first. Throws `E_SEAL` where one does not open with this key-encryption key. */
  constructor(wrapped: WrappedDataKey[], keyEncryptionKey: Uint8Array) {
    try {
      for (const each of wrapped) {
        this.#keys.set(each.dataKeyId, unwrapDataKey(each, keyEncryptionKey));
        this.#sealingKeyId = each.dataKeyId;
      }
    } catch (error) {
      throw distrust(error, "The store's own data key", 'Restore a backup. Nothing was changed.');
    }
  }

  async seal(token: string, place: TokenPlace): Promise<string> {
    const key = this.#keys.get(this.#sealingKeyId);
    if (key === undefined) throw new BrokerError('E_KEY', 'The store holds no data key for this key.');
    return await seal(Buffer.from(token, 'utf8'), key, this.#sealingKeyId, belongingOf(place));
  }

  /** Throws `E_SEAL`, which says what is wrong with the row, where it cannot be opened. */
  open(sealed: string, place: TokenPlace): string {
    try {
      const dataKeyId = keyIdOf(sealed);
      const key = this.#keys.get(dataKeyId);
      if (key === undefined) throw new SealBroken('other-key', 'it was sealed with a key that is not here');
      return openToken(sealed, key, dataKeyId, place);
    } catch (error) {
      throw distrust(error, 'A stored token', 'Sign in again to replace this token, or restore a backup.');
    }
  }
}

function distrust(error: unknown, what: string, help: string): unknown {
  if (!(error instanceof SealBroken)) return error;
  return new BrokerError('E_SEAL', `${what} cannot be trusted: ${error.message}.`, {
    help: `The database was changed from outside or is damaged. ${help}`,
    cause: error,
  });
}
