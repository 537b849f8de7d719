import { createHash, randomBytes } from 'node:crypto';

/** 256 bits from the system's generator, in base64url: for states, links and sessions. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored of such a secret. It is random, so that plain SHA-256 gives nothing of it away. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
