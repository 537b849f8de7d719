import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Vault } from '../vault/context.ts';
import type { RejectedCallbackLog } from '../vault/sign-in/rejected-callbacks.ts';
import type { Throttle } from './client-auth/throttle.ts';
import type { VerifiedSecrets } from './client-auth/verified-secrets.ts';
import type { BatchQueue } from './queue/batch-queue.ts';
import type { FairLimit } from './queue/fair-limit.ts';
import type { DecryptedTokenCache } from './tokens/decrypted-token-cache.ts';

/** What the token API's handlers share. */
export interface ApiContext {
  vault: Vault;
  log: Pick<Logger, 'error' | 'warn'>;
  /** The API's own address as its clients see it, without a slash at its end. */
  issuer: string;
  /** The issuer, and the other addresses by which clients call this server: scheme, name and port. */
  origins: string[];
  queue: BatchQueue;
  assertionChecks: FairLimit;
  tokenCache: DecryptedTokenCache;
  throttle: Throttle;
  verifiedSecrets: VerifiedSecrets;
  rejectedRequests: RejectedCallbackLog;
  /** Where a request comes from: the connection's other end, or what a trusted proxy says. */
  addressOf(request: IncomingMessage): string;
}

/** The other end of the connection. An IPv4 address that the system writes as IPv6 is written as IPv4. */
export function peerAddress({ socket }: IncomingMessage): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}
