import { createHash } from 'node:crypto';

/** A key's ID: SHA-256 over a prefix and its bytes. It identifies the key and reveals nothing about it. */
export function keyId(key: Uint8Array): string {
  return createHash('sha256').update('webex-token key id\n').update(key).digest('base64url');
}

/** The first eight characters of a key's ID, for display. Never starts with a dash, which looks like an option. */
export function shortKeyId(id: string): string {
  return id.replace(/^[-_]+/, '').slice(0, 8);
}
