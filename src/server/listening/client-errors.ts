import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** All ports of a host share its cookies, and Node accepts 16 KiB of headers. */
const tooManyCookies =
  'The request headers are too large, usually because of cookies that other programs on localhost have set. ' +
  'Use a private window, or delete the cookies for localhost and reload this page.\n';

/** The status codes that Node itself uses. */
const statuses: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** How long a client may take to send the rest of the request. Milliseconds. */
const restTimeoutMs = 10_000;

/**
 * Responds to a request that cannot be parsed, and explains headers that are too large. Node's own response would be an empty
 * page, and could be mistaken for the response to an earlier request on the connection.
 */
export function handleClientError(server: Server | TlsServer, tooLarge = tooManyCookies): void {
  const unanswered = new WeakMap<Socket, Set<ServerResponse>>();
  /** Connections that got the explanation. Node's parser reports each further piece of the same request. */
  const explained = new WeakSet<Socket>();
  server.on('request', (request, response) => {
    const all = unanswered.get(request.socket) ?? new Set();
    unanswered.set(request.socket, all.add(response));
    response.once('close', () => all.delete(response));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (explained.has(socket)) return;
    if (!socket.writable || !isNext(unanswered.get(socket))) {
      socket.destroy();
      return;
    }
    const status = statuses[error.code ?? ''] ?? 400;
    const text = status === 431 ? tooLarge : '';
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nCache-Control: no-store\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
    if (status !== 431) {
      socket.destroy();
      return;
    }
    // Closing immediately would reset the connection because of unread data, and the response would be lost.
    explained.add(socket);
    socket.end();
    socket.resume();
    // Not a limit of silence, so that a client cannot keep the connection by sending more and more.
    const timer = setTimeout(() => socket.destroy(), restTimeoutMs).unref();
    socket.once('close', () => clearTimeout(timer));
  });
}

/** Whether the next response on a connection is for the request that cannot be parsed, or for its body. */
function isNext(unanswered: ReadonlySet<ServerResponse> = new Set()): boolean {
  const [first, ...more] = [...unanswered].filter(({ writableFinished }) => !writableFinished);
  return first === undefined || (more.length === 0 && !first.headersSent && !first.req.complete);
}
