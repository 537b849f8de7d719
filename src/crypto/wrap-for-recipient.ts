import { dataKeyAad, type WrappedDataKey } from './data-key.ts';
import { DecryptionError, open, seal } from './jwe.ts';
import { keyId } from './key-id.ts';
import { privateKeyOf } from './key-pair.ts';

/*
 * Wraps a data key for a key-encryption key on another host, the recipient. It is encrypted to the recipient's public key
 * (ECDH-ES, RFC 7518 §4.6), so that only the recipient can read it, even if someone has every earlier data key. That alone
 * would let anyone who can write to the database plant a data key. So the result is encrypted again with an authorizing key
 * that both sides have: the previous data key or, for a new recipient, the key from its request.
 */

/** A key that both hosts have. `id` is its `keyId`. */
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
  recipient: Recipient,
  authorizingKey: AuthorizingKey,
): Promise<WrappedDataKey> {
  const { CompactEncrypt, importJWK } = await import('jose');
  const to = await importJWK({ kty: 'OKP', crv: 'X25519', x: recipient.publicKey }, 'ECDH-ES');
  const encrypted = await new CompactEncrypt(dataKey)
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
    .encrypt(to);
  const dataKeyId = keyId(dataKey);
  const aad = { ...dataKeyAad({ dataKeyId, generation }), grantee: recipient.id };
  const jwe = await seal(Buffer.from(encrypted), authorizingKey.key, authorizingKey.id, aad);
  return { dataKeyId, keyEncryptionKeyId: recipient.id, generation, jwe };
}

/** Throws `DecryptionError` if it was not wrapped for this key by someone who has the authorizing key. */
export async function unwrapForRecipient(
  wrapped: WrappedDataKey,
  keyEncryptionKey: Uint8Array,
  authorizingKey: AuthorizingKey,
): Promise<Buffer> {
  const aad = { ...dataKeyAad(wrapped), grantee: wrapped.keyEncryptionKeyId };
  const encrypted = open(wrapped.jwe, authorizingKey.key, authorizingKey.id, aad).toString('ascii');
  const { compactDecrypt } = await import('jose');
  let dataKey: Buffer;
  try {
    const { plaintext } = await compactDecrypt(encrypted, privateKeyOf(keyEncryptionKey), {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    dataKey = Buffer.from(plaintext);
  } catch (cause) {
    throw new DecryptionError('tampered', `the data key is encrypted to another key (${String(cause)})`);
  }
  if (keyId(dataKey) === wrapped.dataKeyId) return dataKey;
  throw new DecryptionError('tampered', 'the data key does not match its ID');
}
