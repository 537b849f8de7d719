import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Listening {
  /** `http://localhost:<port>` */
  origin: string;
  port: number;
  stop(): Promise<void>;
}

/** Another server on a free port of this machine, on both loopback addresses. Stopped when the test ends. */
export async function listening(handler: RequestListener): Promise<Listening> {
  const servers: Server[] = [];
  let port = 0;
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer(handler);
    server.listen(port, host);
    // A machine without IPv6 has only the first one.
    if ((await once(server, 'listening').catch(() => null)) === null) continue;
    port = (server.address() as AddressInfo).port;
    servers.push(server);
  }
  const stop = async () => {
    await Promise.all(
      servers.splice(0).map((server) => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(resolve));
      }),
    );
  };
  onTestFinished(stop);
  return { origin: `http://localhost:${port}`, port, stop };
}
