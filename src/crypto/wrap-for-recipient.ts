import { dataKeyAad, type WrappedDataKey } from './data-key.ts';
import { DecryptionError, open, seal } from './jwe.ts';
import { keyId } from './key-id.ts';
import { privateKeyOf } from './key-pair.ts';

/*
 * A data key for a key-encryption key that is somewhere else. It is encrypted to that key's public half (ECDH-ES, RFC
 * 7518 §4.6), so that nobody but its holder reads it: not even somebody who had every data key so far. That alone
 * would let whoever can write to the database plant a data key of their own. So it is sealed once more with a key that
 * both sides have already, the voucher: the data key before, or on admission the one from the request.
 */

/** A key that both sides have. `id` is its `keyId`. */
export interface AuthorizingKey {
  id: string;
  key: Uint8Array;
}

export interface Recipient {
  id: string;
  /** X25519, base64url. */
  publicKey: string;
}

export async function wrapForRecipient(
  dataKey: Uint8Array,
  generation: number,
  grantee: Recipient,
  voucher: AuthorizingKey,
): Promise<WrappedDataKey> {
  const { CompactEncrypt, importJWK } = await import('jose');
  const to = await importJWK({ kty: 'OKP', crv: 'X25519', x: grantee.publicKey }, 'ECDH-ES');
  const encrypted = await new CompactEncrypt(dataKey)
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(to);
  const dataKeyId = keyId(dataKey);
  const belonging = { ...dataKeyAad({ dataKeyId, generation }), grantee: grantee.id };
  const jwe = await seal(Buffer.from(encrypted), voucher.key, voucher.id, belonging);
  return { dataKeyId, keyEncryptionKeyId: grantee.id, generation, jwe };
}

/** Throws `SealBroken` where it was not granted by somebody who has the voucher, or not to this key. */
export async function unwrapForRecipient(
  granted: WrappedDataKey,
  keyEncryptionKey: Uint8Array,
  voucher: AuthorizingKey,
): Promise<Buffer> {
  const belonging = { ...dataKeyAad(granted), grantee: granted.keyEncryptionKeyId };
  const encrypted = open(granted.jwe, voucher.key, voucher.id, belonging).toString('ascii');
  const { compactDecrypt } = await import('jose');
  let dataKey: Buffer;
  try {
    const { plaintext } = await compactDecrypt(encrypted, privateKeyOf(keyEncryptionKey), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    dataKey = Buffer.from(plaintext);
  } catch (cause) {
    throw new DecryptionError('altered', `the data key is encrypted to another key (${String(cause)})`);
  }
  if (keyId(dataKey) === granted.dataKeyId) return dataKey;
  throw new DecryptionError('altered', 'the data key is another than its name says');
}
