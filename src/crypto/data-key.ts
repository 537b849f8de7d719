import { randomBytes } from 'node:crypto';
import { open, seal } from './jwe.ts';
import { keyId } from './key-id.ts';

/** A data key as it is stored: wrapped by a key-encryption key. */
export interface WrappedDataKey {
  dataKeyId: string;
  keyEncryptionKeyId: string;
  /** Counts the data keys of a store, from 0. It is authenticated, so that an old key cannot be made the newest. */
  generation: number;
  jwe: string;
}

/** Creates a store's first data key, wrapped by one key-encryption key. */
export async function newDataKey(keyEncryptionKey: Uint8Array): Promise<WrappedDataKey> {
  return await wrapDataKey(randomBytes(32), 0, keyEncryptionKey);
}

export async function wrapDataKey(
  dataKey: Uint8Array,
  generation: number,
  keyEncryptionKey: Uint8Array,
): Promise<WrappedDataKey> {
  const dataKeyId = keyId(dataKey);
  const keyEncryptionKeyId = keyId(keyEncryptionKey);
  const aad = dataKeyAad({ dataKeyId, generation });
  const jwe = await seal(dataKey, keyEncryptionKey, keyEncryptionKeyId, aad);
  return { dataKeyId, keyEncryptionKeyId, generation, jwe };
}

export function unwrapDataKey(wrapped: WrappedDataKey, keyEncryptionKey: Uint8Array): Buffer {
  return open(wrapped.jwe, keyEncryptionKey, wrapped.keyEncryptionKeyId, dataKeyAad(wrapped));
}

/** Names the wrapped data key in the authenticated header. */
export function dataKeyAad({
  dataKeyId,
  generation,
}: Pick<WrappedDataKey, 'dataKeyId' | 'generation'>): Record<string, string> {
  return { dataKey: dataKeyId, ...(generation > 0 && { generation: String(generation) }) };
}
