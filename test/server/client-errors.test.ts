import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handleClientError } from '../../src/server/listening/client-errors.ts';

async function startServer(
  listener: RequestListener = (_request, response) => void response.end('fine'),
): Promise<Server> {
  const server = createServer(listener);
  handleClientError(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function serving(listener?: RequestListener): Promise<number> {
  return portOf(await startServer(listener));
}

/** The response to these pieces, each sent once the previous one was received. Rejects if the connection is reset. */
async function send(port: number, pieces: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8').setNoDelay(true);
  let text = '';
  socket.on('data', (data: string) => {
    text += data;
  });
  const closed = once(socket, 'close');
  for (const piece of pieces) {
    if (socket.writable) await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  await closed;
  return text;
}

const cookies = `Cookie: ${'x'.repeat(20_000)}`;

describe('handleClientError', () => {
  it('explains a request with too many cookies that arrives in any number of pieces', async () => {
    const port = await serving();
    const answer = await send(port, [
      'GET / HTTP/1.1\r\nHost: x\r\n',
      ...Array(20).fill(cookies),
      '\r\n\r\n',
    ]);
    expect(answer).toMatch(
      /^HTTP\/1.1 431 .*\r\nConnection: close\r\n.*cookies that other programs.*page\.\n$/s,
    );
  });

  it('explains it to a client that sends all of the request before it reads', async () => {
    const server = await startServer();
    const connected = once(server, 'connection') as Promise<[Socket]>;
    const socket = connect({ port: portOf(server), host: '127.0.0.1', allowHalfOpen: true });
    const closed = once(socket, 'close');
    const [accepted] = await connected;
    let sent = 0;
    for (const piece of ['GET / HTTP/1.1\r\nHost: x\r\n', ...Array(4).fill(cookies), '\r\n\r\n']) {
      socket.write(piece);
      sent += piece.length;
      await expect.poll(() => accepted.destroyed || accepted.bytesRead === sent, { interval: 5 }).toBe(true);
      expect(accepted.destroyed).toBe(false);
    }
    socket.end();
    let text = '';
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data;
    });
    await closed;
    expect(text).toMatch(/^HTTP\/1.1 431 .*cookies that other programs.*page\.\n$/s);
  });

  it('explains it after an earlier response on the same connection too', async () => {
    const port = await serving();
    const answer = await send(port, [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\n',
      cookies,
    ]);
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n.*fine.*HTTP\/1.1 431 .*cookies that other programs/s);
  });

  it('responds to input that is not HTTP with only a status', async () => {
    const port = await serving();
    expect(await send(port, ['HELLO\r\n\r\n'])).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\n.*Content-Length: 0\r\n\r\n$/s,
    );
  });

  it('adds nothing to a response in progress, regardless of what else waits on its connection', async () => {
    const port = await serving(({ url }, response) => {
      if (url === '/first') response.writeHead(200, { 'Content-Length': 500 }).write('half');
    });
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n');
    let text = '';
    socket.on('data', (data: string) => {
      text += data;
      if (text.endsWith('half')) socket.write('HELLO\r\n\r\n');
    });
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n.*half$/s);
  });

  it('does not respond to an earlier request with the status of a later one', async () => {
    const port = await serving(() => {});
    expect(await send(port, ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'HELLO\r\n\r\n'])).toBe('');
  });

  it('responds to a request whose body is malformed', async () => {
    const port = await serving((request) => void request.resume());
    const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await send(port, [chunked, 'x\r\n'])).toMatch(/^HTTP\/1.1 400 /);
  });
});
