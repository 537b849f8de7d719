import { createHash } from 'node:crypto';
import * as z from 'zod';
import { BrokerError } from '../errors/broker-error.ts';
import { keyId } from './key-id.ts';
import { enrollmentKeyOf, publicKeyOf } from './key-pair.ts';

/** What the owner of a new key sends to someone who can authorize it. It contains no secret that decrypts anything. */
export interface KeyRequest {
  id: string;
  kind: 'keychain' | 'file' | 'passphrase';
  name: string;
  /** X25519, base64url. */
  publicKey: string;
  /** Authenticates the first data key that the key receives, base64url. */
  admissionKey: string;
}

const start = 'webex-token-key-1.';
const key = z.string().regex(/^[\w-]{43}$/);
const schema = z.strictObject({
  id: key,
  kind: z.enum(['keychain', 'file']),
  name: z.string().regex(/^[\w.@-]{1,100}$/),
  publicKey: key,
  admissionKey: key,
});

export function requestFor(
  keyEncryptionKey: Uint8Array,
  kind: 'keychain' | 'file',
  name: string,
): KeyRequest {
  return {
    id: keyId(keyEncryptionKey),
    kind,
    name,
    publicKey: publicKeyOf(keyEncryptionKey),
    admissionKey: enrollmentKeyOf(keyEncryptionKey).toString('base64url'),
  };
}

/** One line of text, to send by mail or chat. */
export function formatRequest(request: KeyRequest): string {
  return start + Buffer.from(JSON.stringify(request)).toString('base64url');
}

/** Throws `E_KEY_REQUEST`. */
export function parseRequest(text: string): KeyRequest {
  const line = text.trim();
  try {
    if (!line.startsWith(start) || line.length > 4000) throw new Error('not a request');
    return schema.parse(JSON.parse(Buffer.from(line.slice(start.length), 'base64url').toString('utf8')));
  } catch (cause) {
    throw new BrokerError('E_KEY_REQUEST', 'This is not a key request.', {
      help: `Paste the whole line that the other host printed for its key request. It starts with ${start}`,
      cause,
    });
  }
}

/** For comparison on both hosts: 80 bits, in groups of four. A request that was changed on its way has another one. */
export function fingerprint(request: KeyRequest): string {
  const digest = createHash('sha256').update(formatRequest(request)).digest('hex').slice(0, 20);
  return digest.match(/.{4}/g)?.join('-') ?? digest;
}
