import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits in base64url, for states, links and sessions. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** The stored hash of such a secret. The secret is random, so plain SHA-256 is enough. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
