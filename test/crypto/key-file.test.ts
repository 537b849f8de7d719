import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKeyFile, writeKeyFile } from '../../src/crypto/key-file.ts';
import { brokerErrorOf, thrownBy } from '../support/catch-error.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const key = Buffer.from(Array.from({ length: 32 }, (_, at) => (at * 37 + 251) % 256));

function fileOf(text: string, mode = 0o600): string {
  const path = join(temporaryFolder(), 'key');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('readKeyFile', () => {
  it.each([
    ['a JWK', JSON.stringify({ kty: 'oct', k: key.toString('base64url') })],
    ['a JWK on several lines', JSON.stringify({ kty: 'oct', k: key.toString('base64url') }, null, 2)],
    ['base64', key.toString('base64')],
    ['base64 with a line break, as openssl prints it', `${key.toString('base64')}\n`],
    ['base64url', key.toString('base64url')],
    ['hexadecimal', key.toString('hex')],
    ['capital hexadecimal', key.toString('hex').toUpperCase()],
  ])('reads %s', (_, text) => {
    expect(readKeyFile(fileOf(text))).toEqual(key);
  });

  it('returns null without a file', () => {
    expect(readKeyFile(join(temporaryFolder(), 'nothing'))).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['31 bytes', key.subarray(1).toString('base64')],
    ['33 bytes', Buffer.concat([key, key.subarray(0, 1)]).toString('base64')],
    ['31 bytes in hexadecimal', key.subarray(1).toString('hex')],
    ['a JWK of another kind', JSON.stringify({ kty: 'RSA', n: key.toString('base64url') })],
    ['a JWK that is too short', JSON.stringify({ kty: 'oct', k: key.subarray(16).toString('base64url') })],
    ['a JWK without a key', JSON.stringify({ kty: 'oct' })],
    ['a damaged JWK', `{"kty":"oct","k":"${key.toString('base64url').replace('A', '!')} "}`],
    ['a cut JWK', '{"kty":"oct","k":"'],
    ['two keys', `${key.toString('base64')}\n${key.toString('base64')}`],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'],
    ['raw bytes', key.toString('latin1')],
  ])('refuses %s without quoting it', async (_, text) => {
    const error = await brokerErrorOf(() => readKeyFile(fileOf(text)));
    expect(error).toMatchObject({
      code: 'E_KEY_FILE',
      help: expect.stringContaining('openssl rand -base64 32'),
    });
    if (text.length > 10) expect(`${error.message}${error.help}`).not.toContain(text.slice(0, 10));
  });

  it.each([0o640, 0o604, 0o644, 0o660, 0o666, 0o601])('refuses mode %o', async (mode) => {
    const path = fileOf(key.toString('base64'), mode);
    const error = await brokerErrorOf(() => readKeyFile(path));
    expect(error).toMatchObject({ code: 'E_FILE_PERMISSIONS', help: `Restrict it: chmod 600 '${path}'` });
    chmodSync(path, 0o600);
    expect(readKeyFile(path)).toEqual(key);
  });

  it('refuses a folder', async () => {
    expect(await brokerErrorOf(() => readKeyFile(temporaryFolder()))).toMatchObject({ code: 'E_KEY_FILE' });
  });
});

describe('writeKeyFile', () => {
  it('writes one JWK that only its owner can read', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key.jwk');
    const before = process.umask(0);
    try {
      writeKeyFile(path, key);
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      kty: 'oct',
      use: 'enc',
      alg: 'A256GCM',
      k: key.toString('base64url'),
    });
    expect(readdirSync(folder)).toEqual(['key.jwk']);
    expect(readKeyFile(path)).toEqual(key);
  });

  it('never replaces an existing file', async () => {
    const path = fileOf(key.toString('base64'));
    expect(await thrownBy(() => writeKeyFile(path, Buffer.alloc(32)))).toMatchObject({ code: 'EEXIST' });
    expect(readKeyFile(path)).toEqual(key);
  });

  it('ignores what a killed process left behind', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'key.jwk');
    writeFileSync(`${path}.${process.pid}.tmp`, '{"kty":"oct","k":"');
    writeKeyFile(path, key);
    expect(readKeyFile(path)).toEqual(key);
  });

  it('reports a missing folder with the error of the system', async () => {
    const path = join(temporaryFolder(), 'none', 'key.jwk');
    expect(await thrownBy(() => writeKeyFile(path, key))).toMatchObject({ code: 'ENOENT' });
    mkdirSync(join(path, '..'));
    writeKeyFile(path, key);
    expect(readKeyFile(path)).toEqual(key);
  });
});
