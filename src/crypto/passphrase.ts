import { randomBytes, scrypt } from 'node:crypto';

/** How a key is derived from a passphrase; this is all that is stored of it. The names are those of RFC 7914. */
export interface ScryptParameters {
  /** base64url */
  salt: string;
  N: number;
  r: number;
  p: number;
}

/** Characters. */
export const minPassphraseLength = 12;

/** OWASP's first recommendation for scrypt: 128 MiB, a few tenths of a second. */
export function newScryptParameters(): ScryptParameters {
  return { salt: randomBytes(16).toString('base64url'), N: 2 ** 17, r: 8, p: 1 };
}

/** Derives a 256-bit key from a passphrase. */
export function deriveKey(passphrase: string, parameters: ScryptParameters): Promise<Buffer> {
  const { salt, N, r, p } = parameters;
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64url'), 32, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
