import { createHash } from 'node:crypto';

/** A key's name: SHA-256 over its bytes, set apart by a prefix. It tells keys apart and gives nothing of a key away. */
export function keyId(key: Uint8Array): string {
  return createHash('sha256').update('webex-token key id\n').update(key).digest('base64url');
}
