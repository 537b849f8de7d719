import type { Request } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/** A one-time link is used up by the person who opens it, not by a browser that guesses they might. */
export function refusePrefetch(request: Request): void {
  const purpose = `${request.headers['sec-purpose'] ?? ''} ${request.headers.purpose ?? ''}`;
  if (request.method === 'HEAD' || /prefetch|prerender|preview/i.test(purpose)) {
    throw new BrokerError('E_UNAUTHENTICATED', 'This link waits for a person to open it.');
  }
}
