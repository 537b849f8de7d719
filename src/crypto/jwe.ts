import { createDecipheriv, type KeyObject } from 'node:crypto';
import type { CompactJWEHeaderParameters } from 'jose';

/*
 * Everything at rest is a compact JWE (RFC 7516), `dir` with A256GCM, whose protected header names what it belongs
 * to. `jose` writes it. Reading is done here with Node's own cryptography: it happens for every token that is handed
 * out, `jose` would add a third to the time in which a command prints one, and it can only be read asynchronously.
 */

/** What a JWE belongs to: header parameters that must be there, letter for letter, when it is opened. */
export type AssociatedData = Readonly<Record<string, string>>;

/** A sealed text that was altered, cut, sealed with another key, or that belongs to another row. */
export class DecryptionError extends Error {
  readonly reason: 'altered' | 'misplaced' | 'other-key';

  constructor(reason: 'altered' | 'misplaced' | 'other-key', message: string) {
    super(message);
    this.name = 'SealBroken';
    this.reason = reason;
  }
}

/** Seals bytes with a 256-bit key. `keyId` becomes the header's `kid`. */
export async function seal(
  plaintext: Uint8Array,
  key: Uint8Array,
  keyId: string,
  belonging: AssociatedData,
): Promise<string> {
  const { CompactEncrypt } = await import('jose');
  return await new CompactEncrypt(plaintext)
    .setProtectedHeader({ ...belonging, alg: 'dir', enc: 'A256GCM', kid: keyId })
    .encrypt(key);
}

/** The `kid` of a JWE, before anything of it is believed. Throws `SealBroken`. */
export function kidOf(jwe: string): string {
  const { kid } = readHeader(jwe.split('.', 1)[0] ?? '');
  if (typeof kid !== 'string') throw new DecryptionError('altered', 'the sealed text names no key');
  return kid;
}

/** Opens what `seal` made, and only if it belongs where it was found. Throws `SealBroken`. */
export function open(
  jwe: string,
  key: Uint8Array | KeyObject,
  keyId: string,
  belonging: AssociatedData,
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
    throw new DecryptionError('altered', 'the sealed text is not a compact JWE');
  }
  const header = readHeader(protectedHeader);
  if (header.kid !== keyId) throw new DecryptionError('other-key', 'the sealed text names another key');

  let plaintext: Buffer<ArrayBuffer>;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, decode(iv, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(protectedHeader, 'ascii'));
    decipher.setAuthTag(decode(tag, 16));
    plaintext = Buffer.concat([decipher.update(decode(ciphertext)), decipher.final()]);
  } catch {
    throw new DecryptionError('altered', 'the sealed text was altered, or sealed with another key');
  }
  // Only now is the header proven: it took part in the authentication.
  const expected: Record<string, string> = { ...belonging, alg: 'dir', enc: 'A256GCM', kid: keyId };
  const names = Object.keys(header);
  if (
    names.length !== Object.keys(expected).length ||
    names.some((name) => header[name] !== expected[name])
  ) {
    throw new DecryptionError('misplaced', 'the sealed text belongs to another row');
  }
  return plaintext;
}

function readHeader(encoded: string): CompactJWEHeaderParameters {
  try {
    const header: unknown = JSON.parse(decode(encoded).toString('utf8'));
    if (typeof header === 'object' && header !== null) return header as CompactJWEHeaderParameters;
  } catch {
    // said below
  }
  throw new DecryptionError('altered', 'the sealed text has no readable header');
}

/** Strict base64url: Buffer.from alone would skip what does not belong there, so that a flipped letter could pass. */
function decode(encoded: string, length?: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.from(encoded, 'base64url');
  if (bytes.toString('base64url') !== encoded || (length !== undefined && bytes.length !== length)) {
    throw new DecryptionError('altered', 'the sealed text is not base64url');
  }
  return bytes;
}
