import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { mappedToIPv4 } from '../domain/network.ts';
import type { Vault } from '../vault/context.ts';
import type { RejectedCallbackLog } from '../vault/sign-in/rejected-callbacks.ts';
import type { IssuerKeys } from './client-auth/issuer-keys.ts';
import type { Throttle } from './client-auth/throttle.ts';
import type { VerifiedSecrets } from './client-auth/verified-secrets.ts';
import type { BatchQueue } from './queue/batch-queue.ts';
import type { FairLimit } from './queue/fair-limit.ts';
import type { DecryptedTokenCache } from './tokens/decrypted-token-cache.ts';

/** State shared by the handlers of the token API. */
export interface ApiContext {
  vault: Vault;
  log: Pick<Logger, 'error' | 'warn'>;
  /** The API's own address as its clients see it, without a trailing slash. */
  issuer: string;
  /** The issuer, and the other addresses that clients use for this server: scheme, host and port. */
  origins: string[];
  queue: BatchQueue;
  assertionChecks: FairLimit;
  issuerKeys: IssuerKeys;
  tokenCache: DecryptedTokenCache;
  throttle: Throttle;
  verifiedSecrets: VerifiedSecrets;
  rejectedRequests: RejectedCallbackLog;
  /** The client's address: the peer of the connection, or the address that a trusted proxy reports. */
  addressOf(request: IncomingMessage): string;
}

/** The peer of the connection. An IPv4 address in IPv6 notation is returned in IPv4 notation. */
export function peerAddress({ socket }: IncomingMessage): string {
  return mappedToIPv4(socket.remoteAddress ?? '');
}
