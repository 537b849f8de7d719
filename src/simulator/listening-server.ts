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
 * Listens on 127.0.0.1 and not on `localhost`: cookies do not tell ports apart, and what a broker at Webex sets
 * never reaches the web app on localhost either. The listener comes later, as it has to know its own address.
 */
export async function listenOnLoopback(port: number): Promise<ListeningServer> {
  const server = createServer();
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
