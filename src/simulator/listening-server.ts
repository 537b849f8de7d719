import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ListeningServer {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  setListener(listener: RequestListener): void;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1, not on `localhost`. Cookies are not separated by port, so this keeps the cookies of the simulated ID
 * broker away from the web app on localhost, as with the real one. The listener is set later, because it needs its own address.
 */
export async function listenOnLoopback(port: number): Promise<ListeningServer> {
  // Clients close idle connections. If the server did too, their next request could meet the end of one.
  const server = createServer({ keepAliveTimeout: 0 });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setListener(listener) {
      server.on('request', listener);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
