import { randomBytes, scrypt } from 'node:crypto';

/** What is stored of a passphrase: how a key is made of it. RFC 7914's names. */
export interface ScryptParameters {
  /** base64url */
  salt: string;
  N: number;
  r: number;
  p: number;
}

/** In characters. One that a person can remember is longer. */
export const minPassphraseLength = 12;

/** OWASP's first choice for scrypt: 128 MiB, some tenths of a second. */
export function newScryptParameters(): ScryptParameters {
  return { salt: randomBytes(16).toString('base64url'), N: 2 ** 17, r: 8, p: 1 };
}

/** The 256-bit key that a passphrase stands for. */
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
