import { createHash } from 'node:crypto';

/** A key's name: SHA-256 over its bytes, set apart by a prefix. It tells keys apart and gives nothing of a key away. */
export function keyId(key: Uint8Array): string {
  return createHash('sha256').update('webex-token key id\n').update(key).digest('base64url');
}

/** The beginning of a key's name, as people are shown it. Never with a dash first, which a command line would mistake. */
export function shortKeyId(id: string): string {
  return id.replace(/^[-_]+/, '').slice(0, 8);
}
