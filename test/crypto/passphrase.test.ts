import { scryptSync } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { deriveKey, newScryptParameters } from '../../src/crypto/passphrase.ts';

// The real cost takes 128 MiB and some tenths of a second each time: once is enough.
const cheap = { salt: 'AAAAAAAAAAAAAAAAAAAAAA', N: 2 ** 10, r: 8, p: 1 };

describe('deriveKey', () => {
  it('follows RFC 7914 with the stored parameters', async () => {
    const expected = scryptSync('pleaseletmein', 'SodiumChloride', 64, { N: 16384, r: 8, p: 1 });
    const salt = Buffer.from('SodiumChloride').toString('base64url');
    // The first half of the RFC's third test vector: the key is 32 bytes, the vector 64.
    expect(expected.toString('hex').slice(0, 32)).toBe('7023bdcb3afd7348461c06cd81fd38eb');
    expect(await deriveKey('pleaseletmein', { salt, N: 16384, r: 8, p: 1 })).toEqual(
      expected.subarray(0, 32),
    );
  });

  it('works with new parameters: a random salt of 128 bits and a high cost', async () => {
    vi.stubGlobal('realScryptCost', true);
    const parameters = newScryptParameters();
    vi.unstubAllGlobals();
    expect(Buffer.from(parameters.salt, 'base64url')).toHaveLength(16);
    expect(newScryptParameters().salt).not.toBe(parameters.salt);
    expect(parameters).toMatchObject({ N: 131072, r: 8, p: 1 });
    expect(await deriveKey('six words that nobody would guess', parameters)).toHaveLength(32);
  });

  it('derives another key from another passphrase, salt or cost', async () => {
    const keys = await Promise.all([
      deriveKey('correct horse battery', cheap),
      deriveKey('correct horse batterz', cheap),
      deriveKey('correct horse battery ', cheap),
      deriveKey('correct horse battery', { ...cheap, salt: 'BAAAAAAAAAAAAAAAAAAAAA' }),
      deriveKey('correct horse battery', { ...cheap, N: 2 ** 11 }),
    ]);
    expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(keys.length);
  });

  it('derives the same key from a passphrase typed on different systems', async () => {
    expect(await deriveKey('p\u00e9n\u00e9lope et ulysse', cheap)).toEqual(
      await deriveKey('pe\u0301ne\u0301lope et ulysse', cheap),
    );
  });
});
