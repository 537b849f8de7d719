import type { IncomingMessage } from 'node:http';

/** The host and port of a request in lower case (RFC 9110 §4.2.3), or an empty string if it has none. */
export function hostOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  return (headers.host ?? '').toLowerCase();
}
