import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on loopback that ends with the test; its port. */
export async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export interface FakeProxy {
  port: number;
  /** `host:port` of every CONNECT, in order. */
  asked: string[];
  /** The `Proxy-Authorization` of the last one. */
  authorization: string | undefined;
  /** The connections to it. */
  connections: number;
}

/** A proxy that connects every name to a port of this machine, or responds with a status instead. */
export async function fakeProxy(response: {
  leadsTo?: number;
  status?: number;
  headers?: string;
}): Promise<FakeProxy> {
  const proxy: FakeProxy = { port: 0, asked: [], authorization: undefined, connections: 0 };
  const server = createHttpServer();
  server.on('connection', () => {
    proxy.connections += 1;
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    proxy.asked.push(request.url ?? '');
    proxy.authorization = request.headers['proxy-authorization'];
    const { leadsTo, status = 200, headers = '' } = response;
    if (leadsTo === undefined) {
      socket.end(`HTTP/1.1 ${status} Simulated\r\n${headers}Content-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(leadsTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  proxy.port = await listening(server);
  return proxy;
}

/** A server that does this with each connection, once something was sent to it. Counts them. */
export async function rudeServer(
  behave: (socket: Socket) => void,
): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const port = await listening(
    createServer((socket) => {
      connections += 1;
      socket.once('data', () => behave(socket));
    }),
  );
  return { port, connections: () => connections };
}
