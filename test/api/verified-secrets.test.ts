import { describe, expect, it } from 'vitest';
import { VerifiedSecrets } from '../../src/api/client-auth/verified-secrets.ts';

const hashOf = (byte: number) => Buffer.alloc(32, byte);
const nameOf = (byte: number) => hashOf(byte).toString('base64url');

describe('VerifiedSecrets', () => {
  it('remembers the last two secrets of each client', () => {
    const secrets = new VerifiedSecrets();
    for (const byte of [1, 2, 2, 3]) secrets.add('one', hashOf(byte));
    secrets.add('two', hashOf(4));
    expect([1, 2, 3, 4].map((byte) => secrets.has('one', hashOf(byte)))).toEqual([false, true, true, false]);
    expect(secrets.has('two', hashOf(4))).toBe(true);
    expect(secrets.has('three', hashOf(4))).toBe(false);
  });

  it('names the client of a remembered secret', () => {
    const secrets = new VerifiedSecrets();
    for (const byte of [1, 2, 2, 3]) secrets.add('one', hashOf(byte));
    secrets.add('two', hashOf(4));
    expect([1, 2, 3, 4, 5].map((byte) => secrets.clientOf(nameOf(byte)))).toEqual([
      null,
      'one',
      'one',
      'two',
      null,
    ]);
  });
});
