import type { Request } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/** Keeps a browser from using up a one-time link by prefetching it. */
export function refusePrefetch(request: Request): void {
  const purpose = `${request.headers['sec-purpose'] ?? ''} ${request.headers.purpose ?? ''}`;
  if (request.method === 'HEAD' || /prefetch|prerender|preview/i.test(purpose)) {
    throw new BrokerError('E_UNAUTHENTICATED', 'This link must be opened by a person, not prefetched.');
  }
}
