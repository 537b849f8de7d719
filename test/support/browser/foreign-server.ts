import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { onTestFinished } from 'vitest';
import { freePort } from '../cli/cli-process.ts';

export interface Listening {
  /** `http://localhost:<port>` */
  origin: string;
  port: number;
  stop(): Promise<void>;
}

/** Another server on both loopback addresses. Stopped when the test ends, or earlier: its port stays free for another one. */
export async function listening(handler: RequestListener): Promise<Listening> {
  const servers: Server[] = [];
  const port = await freePort();
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer(handler);
    server.listen(port, host);
    // A machine without IPv6 has only the first one.
    if ((await once(server, 'listening').catch(() => null)) === null) continue;
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
