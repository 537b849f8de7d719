import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { BrokerError } from '../errors/broker-error.ts';
import { assertPrivateKeyFile, fsyncDirectory } from '../files/private-files.ts';
import { readTextFile } from '../text/decode-text.ts';

/**
 * Reads a 256-bit key: a symmetric JWK (RFC 7517), or the 32 bytes as base64, base64url or hexadecimal text.
 * Null if the file does not exist. Throws `E_KEY_FILE` if it does not hold a key, or if other users can read it.
 */
export function readKeyFile(path: string): Buffer | null {
  let text: string;
  try {
    text = readTextFile(path, 'E_KEY_FILE').trim();
  } catch (error) {
    if (error instanceof BrokerError) throw noKey(path, error);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new BrokerError('E_KEY_FILE', `The key file ${path} cannot be read.`, {
      help: 'Make it readable for you and nobody else (chmod 600).',
      cause: error,
    });
  }
  assertPrivateKeyFile(path);
  const key = parseKey(text);
  if (key === null) throw noKey(path);
  return key;
}

function noKey(path: string, cause?: BrokerError): BrokerError {
  return new BrokerError('E_KEY_FILE', `The key file ${path} does not hold a 256-bit key.`, {
    help: 'A key file holds a JSON Web Key with "kty":"oct", or 32 bytes as base64, such as the output of "openssl rand -base64 32". If the file is damaged, restore your copy of it.',
    cause,
  });
}

function parseKey(text: string): Buffer | null {
  if (text.startsWith('{')) {
    try {
      const jwk = JSON.parse(text) as { kty?: unknown; k?: unknown };
      return jwk.kty === 'oct' && typeof jwk.k === 'string' ? parseBase64(jwk.k) : null;
    } catch {
      return null;
    }
  }
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  return parseBase64(text);
}

/** 32 bytes in base64 or base64url. `Buffer.from` alone skips invalid characters. */
function parseBase64(text: string): Buffer | null {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : null;
}

/** Writes the key as a JWK, durably, readable by its owner only. Throws `EEXIST` instead of replacing a file. */
export function writeKeyFile(path: string, key: Uint8Array): void {
  const jwk = { kty: 'oct', use: 'enc', alg: 'A256GCM', k: Buffer.from(key).toString('base64url') };
  // Not named after the process: in a container, the next process has the same ID as one that was killed.
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(file, `${JSON.stringify(jwk)}\n`);
    fsyncSync(file);
    // A link fails if the name is taken, and shows the file complete or not at all.
    linkSync(temporary, path);
  } finally {
    closeSync(file);
    rmSync(temporary, { force: true });
  }
  fsyncDirectory(dirname(path));
}
