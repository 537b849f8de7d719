import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newDataKey, unwrapDataKey, wrapDataKey } from '../../src/crypto/data-key.ts';
import { keyId } from '../../src/crypto/key-id.ts';
import { KeyRing, openToken } from '../../src/crypto/key-ring.ts';
import { brokerErrorOf } from '../support/catch-error.ts';

const keyEncryptionKey = randomBytes(32);
const place = { tokenId: 'token-1', profileId: 'profile-1' };
const token = 'fake-token-for-acme-1';

describe('KeyRing', () => {
  it('encrypts with the newest data key, and decrypts with all', async () => {
    const first = await newDataKey(keyEncryptionKey);
    const old = await new KeyRing([first], keyEncryptionKey).seal(token, place);
    const second = await wrapDataKey(randomBytes(32), 1, keyEncryptionKey);
    const ring = new KeyRing([first, second], keyEncryptionKey);
    const fresh = await ring.seal(token, place);
    expect(ring.open(old, place)).toBe(token);
    expect(ring.open(fresh, place)).toBe(token);
    const secondKey = unwrapDataKey(second, keyEncryptionKey);
    expect(openToken(fresh, secondKey, second.dataKeyId, place)).toBe(token);
  });

  it('explains why a token cannot be decrypted, and what to do', async () => {
    const ring = new KeyRing([await newDataKey(keyEncryptionKey)], keyEncryptionKey);
    const other = new KeyRing([await newDataKey(keyEncryptionKey)], keyEncryptionKey);
    const sealed = await ring.seal(token, place);
    const elsewhere = { ...place, profileId: 'profile-2' };
    for (const [open, says] of [
      [() => ring.open(sealed, elsewhere), /belongs to another row/],
      [() => other.open(sealed, place), /a key that this host does not have/],
      [() => ring.open(`${sealed.slice(0, -1)}`, place), /tampered|not base64url/],
      [() => ring.open('nonsense', place), /header/],
    ] as const) {
      const error = await brokerErrorOf(open);
      expect(error).toMatchObject({ code: 'E_INTEGRITY', help: expect.stringContaining('Sign in again') });
      expect(error.message).toMatch(says);
    }
  });

  it('explains an altered or exchanged data key', async () => {
    const [one, two] = [await newDataKey(keyEncryptionKey), await newDataKey(keyEncryptionKey)];
    const tagOf = ({ jwe }: typeof two) => jwe.slice(jwe.lastIndexOf('.') + 1);
    for (const wrapped of [
      { ...one, jwe: one.jwe.replace(/[^.]+$/, tagOf(two)) },
      { ...one, jwe: two.jwe },
    ]) {
      const error = await brokerErrorOf(() => new KeyRing([wrapped], keyEncryptionKey));
      expect(error).toMatchObject({ code: 'E_INTEGRITY', help: expect.stringContaining('backup') });
    }
  });

  it('refuses to encrypt without a data key', async () => {
    const error = await brokerErrorOf(() => new KeyRing([], keyEncryptionKey).seal(token, place));
    expect(error.code).toBe('E_KEY');
  });
});

describe('keyId', () => {
  it('returns the same ID each time, and reveals nothing of the key', () => {
    const key = randomBytes(32);
    expect(keyId(key)).toBe(keyId(Buffer.from(key)));
    expect(keyId(key)).toMatch(/^[\w-]{43}$/);
    expect(keyId(key)).not.toBe(key.toString('base64url'));
    expect(keyId(randomBytes(32))).not.toBe(keyId(key));
  });
});
