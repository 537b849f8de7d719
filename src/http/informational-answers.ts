import type { Socket } from 'node:net';

/** The longest head of an informational answer. Bytes. */
const maxHead = 16_384;

/** 101 changes the protocol, and was not asked for either. */
const start = /^HTTP\/1\.[01] 1(?!01)\d\d[ \r]/;
const startLength = 'HTTP/1.1 100 '.length;
const startOfAnyAnswer = Buffer.from('HTTP/1.');

/**
 * Takes informational answers (1xx) out of what an HTTP client reads from this connection. A server may send them without
 * being asked, and a client passes over them (RFC 9110 §15.2), but undici closes the connection after `100 Continue`. It
 * writes the head of a request as a text, and its body as bytes, so that each text begins the wait for an answer. Within an
 * answer nothing is changed.
 */
export function passOverInformational<S extends Socket>(socket: S): S {
  const { read, write } = socket;
  let isAwaited = false;
  let held: Buffer | null = null;
  socket.write = function (this: S, chunk: unknown, ...rest: unknown[]) {
    if (typeof chunk === 'string') isAwaited = true;
    return Reflect.apply(write, this, [chunk, ...rest]);
  } as typeof write;
  socket.read = function (this: S, size?: number) {
    for (;;) {
      const chunk: Buffer | null = read.call(this, size);
      if (chunk === null || !isAwaited) return chunk;
      held = held === null ? chunk : Buffer.concat([held, chunk]);
      held = withoutInformational(held);
      if (held.length > 0 && !isUndecided(held)) {
        const answer = held;
        held = null;
        isAwaited = false;
        return answer;
      }
    }
  };
  return socket;
}

function withoutInformational(answer: Buffer): Buffer {
  let rest = answer;
  while (isInformational(rest)) {
    const end = rest.indexOf('\r\n\r\n');
    if (end === -1) break;
    rest = rest.subarray(end + 4);
  }
  return rest;
}

function isInformational(answer: Buffer): boolean {
  return start.test(answer.toString('latin1', 0, startLength));
}

/** Whether more bytes have to arrive before it is known what this is. */
function isUndecided(answer: Buffer): boolean {
  if (isInformational(answer)) return answer.length < maxHead;
  const known = answer.subarray(0, startOfAnyAnswer.length);
  return answer.length < startLength && startOfAnyAnswer.subarray(0, known.length).equals(known);
}
