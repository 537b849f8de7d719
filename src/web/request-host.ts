import type { IncomingMessage } from 'node:http';

/** The host that a request names, with its port. Capitals mean the same (RFC 9110 §4.2.3). Empty where it names none. */
export function hostOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return (headers.host ?? '').toLowerCase();
}
