import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** Cookies are shared by all ports of a host, and Node takes 16 KiB of headers. */
const tooManyCookies =
  'This browser sends more with its request than this program takes: as a rule too many cookies, which other programs on ' +
  'localhost have set. Use a private window, or delete the cookies of localhost, and load this page again.\n';

/** As Node itself answers what it cannot read. */
const statuses: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** How long a browser may take to send the rest of what is not read. Milliseconds. */
const restTimeoutMs = 10_000;

/** Answers headers that are too large with what to do, where Node's own answer would be an empty page. */
export function handleClientError(server: Server | TlsServer): void {
  const latest = new WeakMap<Socket, ServerResponse>();
  server.on('request', (request, response) => latest.set(request.socket, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const response = latest.get(socket);
    const midAnswer = response?.headersSent === true && !response.writableFinished;
    if (!socket.writable || midAnswer) {
      socket.destroy();
      return;
    }
    const status = statuses[error.code ?? ''] ?? 400;
    const text = status === 431 ? tooManyCookies : '';
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nCache-Control: no-store\r\n` +
        `Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    );
    if (status !== 431) {
      socket.destroy();
      return;
    }
    // Closed at once, the connection would be reset for what was not read of it, and the answer lost.
    socket.end();
    socket.setTimeout(restTimeoutMs, () => socket.destroy());
    socket.resume();
  });
}
