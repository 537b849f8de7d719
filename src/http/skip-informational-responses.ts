import type { Socket } from 'node:net';

/** The maximum size of an informational response. Bytes. */
const maxHead = 16_384;

/** Not 101, which switches the protocol; no request of this program asks for that. */
const start = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/;
const startLength = 'HTTP/1.1 100 '.length;
const startOfAnyResponse = Buffer.from('HTTP/1.');

/**
 * Removes informational responses (1xx) from what an HTTP client reads from this connection. A server may send them at any
 * time, and clients should ignore them (RFC 9110 §15.2), but undici closes the connection after `100 Continue`. undici writes
 * the headers of a request as text and its body as bytes, so a write of text means that a response comes next. Bytes within a
 * response are not changed.
 */
export function skipInformationalResponses<S extends Socket>(socket: S): S {
  const { read, write } = socket;
  let isAwaited = false;
  let received: Buffer | null = null;
  socket.write = function (this: S, chunk: unknown, ...rest: unknown[]) {
    if (typeof chunk === 'string') isAwaited = true;
    return Reflect.apply(write, this, [chunk, ...rest]);
  } as typeof write;
  socket.read = function (this: S, size?: number) {
    for (;;) {
      const chunk: Buffer | null = read.call(this, size);
      if (chunk === null || !isAwaited) return chunk;
      received = received === null ? chunk : Buffer.concat([received, chunk]);
      received = withoutInformational(received);
      if (received.length > 0 && !isUndecided(received)) {
        const response = received;
        received = null;
        isAwaited = false;
        return response;
      }
    }
  };
  return socket;
}

function withoutInformational(response: Buffer): Buffer {
  let rest = response;
  while (isInformational(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    rest = rest.subarray(end + 4);
  }
  return rest;
}

function isInformational(response: Buffer): boolean {
  return start.test(response.toString('latin1', 0, startLength));
}

/** Whether more bytes are needed to decide whether this is an informational response. */
function isUndecided(response: Buffer): boolean {
  if (isInformational(response)) return response.length < maxHead;
  const known = response.subarray(0, startOfAnyResponse.length);
  return response.length < startLength && startOfAnyResponse.subarray(0, known.length).equals(known);
}
