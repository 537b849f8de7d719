import { createDecipheriv, type KeyObject } from 'node:crypto';
import type { CompactJWEHeaderParameters } from 'jose';

/*
 * Everything at rest is a compact JWE (RFC 7516), `dir` with A256GCM, whose protected header names what it belongs
 * to. `jose` encrypts. Decryption uses Node's own cryptography: it runs for every token that is delivered, `jose` would add
 * a third to the time in which a command prints a token, and it can only decrypt asynchronously.
 */

/** What a JWE belongs to: protected header parameters that must match exactly when it is decrypted. */
export type AssociatedData = Readonly<Record<string, string>>;

/** The ciphertext was tampered with or truncated, is encrypted with another key, or belongs to another row. */
export class DecryptionError extends Error {
  readonly reason: 'tampered' | 'wrong-context' | 'unknown-key';

  constructor(reason: 'tampered' | 'wrong-context' | 'unknown-key', message: string) {
    super(message);
    this.name = 'DecryptionError';
    this.reason = reason;
  }
}

/** Encrypts bytes with a 256-bit key. `keyId` becomes the header's `kid`. */
export async function seal(
  plaintext: Uint8Array,
  key: Uint8Array,
  keyId: string,
  aad: AssociatedData,
): Promise<string> {
  const { CompactEncrypt } = await import('jose');
  return await new CompactEncrypt(plaintext)
    .setProtectedHeader({ ...aad, alg: 'dir', enc: 'A256GCM', kid: keyId })
    .encrypt(key);
}

/** The `kid` of a JWE, not authenticated yet. Throws `DecryptionError`. */
export function kidOf(jwe: string): string {
  const { kid } = readHeader(jwe.split('.', 1)[0] ?? '');
  if (typeof kid !== 'string') throw new DecryptionError('tampered', 'the ciphertext names no key');
  return kid;
}

/** Decrypts what `seal` returned, if it belongs where it was found. Throws `DecryptionError`. */
export function open(
  jwe: string,
  key: Uint8Array | KeyObject,
  keyId: string,
  aad: AssociatedData,
): Buffer<ArrayBuffer> {
  const [protectedHeader, encryptedKey, iv, ciphertext, tag, ...rest] = jwe.split('.');
  if (
    protectedHeader === undefined ||
    encryptedKey !== '' ||
    iv === undefined ||
    ciphertext === undefined ||
    tag === undefined ||
    rest.length > 0
  ) {
    throw new DecryptionError('tampered', 'the ciphertext is not a compact JWE');
  }
  const header = readHeader(protectedHeader);
  if (header.kid !== keyId) throw new DecryptionError('unknown-key', 'the ciphertext names another key');

  let plaintext: Buffer<ArrayBuffer>;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, decode(iv, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(protectedHeader, 'ascii'));
    decipher.setAuthTag(decode(tag, 16));
    plaintext = Buffer.concat([decipher.update(decode(ciphertext)), decipher.final()]);
  } catch {
    throw new DecryptionError(
      'tampered',
      'the ciphertext was tampered with, or is encrypted with another key',
    );
  }
  // The header is authenticated only now.
  const expected: Record<string, string> = { ...aad, alg: 'dir', enc: 'A256GCM', kid: keyId };
  const names = Object.keys(header);
  if (
    names.length !== Object.keys(expected).length ||
    names.some((name) => header[name] !== expected[name])
  ) {
    throw new DecryptionError('wrong-context', 'the ciphertext belongs to another row');
  }
  return plaintext;
}

function readHeader(encoded: string): CompactJWEHeaderParameters {
  try {
    const header: unknown = JSON.parse(decode(encoded).toString('utf8'));
    if (typeof header === 'object' && header !== null) return header as CompactJWEHeaderParameters;
  } catch {
    // Reported below.
  }
  throw new DecryptionError('tampered', 'the ciphertext has no readable header');
}

/** Strict base64url: `Buffer.from` alone skips invalid characters, so that a changed character could pass. */
function decode(encoded: string, length?: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded || (length !== undefined && bytes.length !== length)) {
    throw new DecryptionError('tampered', 'the ciphertext is not base64url');
  }
  return bytes;
}
