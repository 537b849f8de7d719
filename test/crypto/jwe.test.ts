import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { DecryptionError, kidOf, open, seal } from '../../src/crypto/jwe.ts';

const key = randomBytes(32);
const belonging = { token: 'token-1', profile: 'profile-1' };
const header = { ...belonging, alg: 'dir', enc: 'A256GCM', kid: 'key-1' };
const plaintext = Buffer.from('fake-token-for-acme-1');

const sealed = () => seal(plaintext, key, 'key-1', belonging);

/** Why a JWE is refused. Fails if it is not. */
function refusal(jwe: string, by = { key, keyId: 'key-1', belonging }): DecryptionError['reason'] {
  try {
    open(jwe, by.key, by.keyId, by.belonging);
  } catch (error) {
    if (error instanceof DecryptionError) return error.reason;
    throw error;
  }
  throw new Error('it was opened');
}

async function sealedByJose(protectedHeader: object, by: Uint8Array = key): Promise<string> {
  return await new CompactEncrypt(plaintext).setProtectedHeader(protectedHeader as never).encrypt(by);
}

describe('seal and open', () => {
  it('seal what jose opens', async () => {
    const opened = await compactDecrypt(await sealed(), key);
    expect(Buffer.from(opened.plaintext)).toEqual(plaintext);
    expect(opened.protectedHeader).toEqual(header);
  });

  it('open what jose sealed, with its header in any order', async () => {
    const reversed = Object.fromEntries(Object.entries(header).reverse());
    expect(open(await sealedByJose(reversed), key, 'key-1', belonging)).toEqual(plaintext);
  });

  it('return any bytes unchanged, and never the same ciphertext twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        const first = await seal(bytes, key, 'key-1', belonging);
        expect(open(first, key, 'key-1', belonging)).toEqual(Buffer.from(bytes));
        expect(await seal(bytes, key, 'key-1', belonging)).not.toBe(first);
      }),
      { numRuns: 50 },
    );
  });

  it('name the key before the content is trusted', async () => {
    expect(kidOf(await sealed())).toBe('key-1');
  });
});

describe('open, given an altered ciphertext', () => {
  it('refuses any flipped bit', async () => {
    const whole = Buffer.from(await sealed(), 'latin1');
    for (let at = 0; at < whole.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const altered = Buffer.from(whole);
        altered[at] = (altered[at] ?? 0) ^ (1 << bit);
        refusal(altered.toString('latin1'));
      }
    }
  });

  it('refuses a ciphertext cut at any character', async () => {
    const whole = await sealed();
    for (let length = 0; length < whole.length; length += 1) refusal(whole.slice(0, length));
  });

  it.each(['=', ' ', '\n', '+', '/', '!', '.', 'A'])('refuses %j added to any part', async (text) => {
    const parts = (await sealed()).split('.');
    for (let part = 0; part < parts.length; part += 1) {
      refusal(parts.map((each, at) => (at === part ? each + text : each)).join('.'));
      refusal(parts.map((each, at) => (at === part ? text + each : each)).join('.'));
    }
  });

  it('refuses the same bytes in another form of base64url', async () => {
    // 22 bytes end in a character of which four bits are unused.
    const jwe = await seal(randomBytes(22), key, 'key-1', belonging);
    const parts = jwe.split('.');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const ciphertext = parts[3] ?? '';
    const next = alphabet[alphabet.indexOf(ciphertext.at(-1) ?? '') + 1] ?? '';
    const respelt = ciphertext.slice(0, -1) + next;
    expect(Buffer.from(respelt, 'base64url')).toEqual(Buffer.from(ciphertext, 'base64url'));
    expect(refusal([...parts.slice(0, 3), respelt, parts[4]].join('.'))).toBe('tampered');
  });

  it.each(['', '.', '....', 'x.y.z', `${'A'.repeat(20)}.....`, 'bnVsbA....', 'W10....'])(
    'refuses what is not a JWE: %j',
    (text) => {
      expect(['tampered', 'unknown-key']).toContain(refusal(text));
      expect(() => kidOf(text)).toThrow(DecryptionError);
    },
  );
});

describe('open, given a ciphertext of another row', () => {
  it.each([
    { token: 'token-2', profile: 'profile-1' },
    { token: 'token-1', profile: 'profile-2' },
    { token: 'profile-1', profile: 'token-1' },
    { token: 'token-1' },
    { token: 'token-1', profile: 'profile-1', more: '' },
    {},
  ])('refuses a ciphertext moved to the row %j', async (elsewhere) => {
    expect(refusal(await sealed(), { key, keyId: 'key-1', belonging: elsewhere as typeof belonging })).toBe(
      'wrong-context',
    );
  });

  it.each([
    ['cty', 'text/plain'],
    ['zip', 'DEF'],
    ['typ', 'JWE'],
    ['token', 'token-2'],
    ['toString', 'x'],
  ])('refuses a header with %s, even if sealed with the right key', async (name, value) => {
    expect(refusal(await sealedByJose({ ...header, [name]: value }))).toBe('wrong-context');
  });

  it('refuses a header without a member', async () => {
    const { profile: _, ...less } = header;
    expect(refusal(await sealedByJose(less))).toBe('wrong-context');
  });

  it('refuses another key with the same ID', async () => {
    expect(refusal(await sealedByJose(header, randomBytes(32)))).toBe('tampered');
  });

  it('refuses a key with another ID', async () => {
    expect(refusal(await sealedByJose({ ...header, kid: 'key-2' }))).toBe('unknown-key');
  });
});
