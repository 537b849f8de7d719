import type { IncomingMessage } from 'node:http';

/** Whether a request announces a body (RFC 9112 §6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** The length that a request announces, in bytes; null if it is not known in advance. */
export function announcedLength({ headers }: IncomingMessage): number | null {
  return headers['content-length'] === undefined ? null : Number(headers['content-length']);
}

/**
 * Reads a body of at most `maxBytes`. Calls back once, with the body, or with null if it is larger. Does not call back if the
 * client closes the connection first.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  done: (body: Buffer | null) => void,
): void {
  let chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) {
      chunks.push(chunk);
      return;
    }
    chunks = [];
    request.removeAllListeners('data').removeAllListeners('end').resume();
    done(null);
  });
  request.on('end', () => {
    const [only, ...more] = chunks;
    done(only === undefined ? Buffer.alloc(0) : more.length === 0 ? only : Buffer.concat(chunks));
  });
}
