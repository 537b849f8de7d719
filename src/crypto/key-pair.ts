import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto';

/** The start of an X25519 private key in PKCS #8 (RFC 8410 §7); its 32 bytes follow. */
const pkcs8Start = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The public key of a key-encryption key: anyone can wrap a data key with it, and only the key itself unwraps it. */
export function publicKeyOf(keyEncryptionKey: Uint8Array): string {
  const { x } = createPublicKey(privateKeyOf(keyEncryptionKey)).export({ format: 'jwk' });
  return String(x);
}

export function privateKeyOf(keyEncryptionKey: Uint8Array): KeyObject {
  const scalar = derive(keyEncryptionKey, 'webex-token wrapping key');
  return createPrivateKey({ key: Buffer.concat([pkcs8Start, scalar]), format: 'der', type: 'pkcs8' });
}

/** Part of a key request: it authenticates the first data key that the new key receives. */
export function enrollmentKeyOf(keyEncryptionKey: Uint8Array): Buffer {
  return derive(keyEncryptionKey, 'webex-token admission');
}

function derive(keyEncryptionKey: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', keyEncryptionKey, new Uint8Array(), purpose, 32));
}
