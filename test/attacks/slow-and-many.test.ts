import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApi } from '../../src/api/app.ts';
import { listenOnLoopback, type ServerLimits, serverLimits } from '../../src/server/listening/listen.ts';
import { routeByPath } from '../../src/server/requests/route-by-path.ts';
import { createWebApp } from '../../src/web/app.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { testHangsMs } from '../support/hang-limits.ts';
import { quietLog } from '../support/quiet-log.ts';
import { newVault, testSettings } from '../support/vault/test-vault.ts';

/** The limits of the servers, but shorter. Milliseconds. */
const shortLimits: ServerLimits = {
  requestTimeout: 800,
  headersTimeout: 400,
  connectionsCheckingInterval: 50,
  idleTimeout: 500,
  maxConnections: 1_200,
};

/** The web app and the token API with these limits; `sockets` are the server sockets of all connections. */
async function serving(limits: Partial<ServerLimits> = {}) {
  const port = await freePort();
  const vault = await newVault(undefined, { settings: { ...(await testSettings()), port } });
  const log = quietLog();
  const probes = { ready: () => Promise.resolve() };
  const api = createApi({ vault, log, issuer: `http://localhost:${port}`, probes });
  const app = routeByPath(createWebApp({ vault, log }).app, api.listener, port);
  const sockets = new Set<Socket>();
  const watched: RequestListener = (request, response) => {
    sockets.add(request.socket);
    return app(request, response);
  };
  const server = await listenOnLoopback(watched, port, { ...shortLimits, ...limits });
  onTestFinished(async () => {
    await server.close();
    await api.close();
  });
  return { port, host: `localhost:${port}`, sockets };
}

type Serving = Awaited<ReturnType<typeof serving>>;

interface Opened {
  socket: Socket;
  /** The bytes until the server ended the connection. */
  ended: Promise<string>;
}

/** The connection of a slow client. */
async function opened(port: number, bytes = ''): Promise<Opened> {
  const socket = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  let text = '';
  const ended = new Promise<string>((resolve) => {
    socket.on('close', () => resolve(text));
  });
  socket.setEncoding('latin1').on('data', (piece) => {
    text += piece;
  });
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return { socket, ended };
}

/**
 * Other clients get a page and a response of the token API. On a busy machine, the short limits may end their request, so they
 * ask again.
 */
async function othersAreServed({ port, host }: Serving): Promise<void> {
  for (const path of ['/auth/code', '/healthz']) {
    const bytes = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await expect.poll(async () => (await sendRaw(port, bytes)).status).toBe(200);
  }
}

const head = (path: string, host: string, length: number, type: string) =>
  `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://${host}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
const json = 'application/json';
const form = 'application/x-www-form-urlencoded';

describe('the server', () => {
  it('allows a request half a minute, and closes idle connections', () => {
    const { requestTimeout, headersTimeout, connectionsCheckingInterval, idleTimeout } = serverLimits;
    expect(requestTimeout).toBeLessThanOrEqual(30_000);
    expect(headersTimeout).toBeLessThanOrEqual(10_000);
    expect(connectionsCheckingInterval).toBeLessThanOrEqual(5_000);
    expect(idleTimeout).toBeLessThanOrEqual(120_000);
    expect(serverLimits.maxConnections).toBeGreaterThanOrEqual(1_000);
  });

  it('disconnects clients that send nothing or never finish, and serves others in the meantime', async () => {
    const server = await serving();
    const { port, host } = server;
    const slow = [
      await opened(port),
      await opened(port, 'GET / HT'),
      await opened(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nX: `),
      await opened(port, `${head('/auth/code', host, 1_000, json)}{"fragment":"#sta`),
      await opened(port, `${head('/oauth/token', host, 1_000, form)}grant_type=client_cr`),
      await opened(port, head('/nothing', host, 1_000, json)),
      await opened(
        port,
        `POST /oauth/token HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${form}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab`,
      ),
    ];
    // Sending a byte now and then does not help: the limit is for the whole request.
    const dripping = setInterval(() => slow.forEach(({ socket }) => void socket.write('a')), 60);
    onTestFinished(() => clearInterval(dripping));
    await othersAreServed(server);
    for (const text of await Promise.all(slow.map(({ ended }) => ended))) {
      expect(text).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
      // The 408 of Node has no body.
      if (text.startsWith('HTTP/1.1 408')) expect(text.split('\r\n\r\n')[1]).toBe('');
    }
  });

  it('disconnects clients that never read the responses', async () => {
    const server = await serving({ ...serverLimits, idleTimeout: 10_000 });
    const { port, host, sockets } = server;
    const { socket: greedy } = await opened(port);
    greedy.pause();
    const ask = `GET /assets/style.css HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    greedy.write(ask.repeat(1_000));
    await expect.poll(() => sockets.size).toBe(1);
    await othersAreServed(server);
    const [held] = sockets;
    await expect.poll(() => held?.destroyed).toBe(true);
  });

  it('rejects a body that is too large before it has arrived completely', async () => {
    const server = await serving(serverLimits);
    const { port, host } = server;
    const larger = 'x'.repeat(70_000);
    const post = (path: string, type: string, length: number) =>
      sendRaw(port, `${head(path, host, length, type)}${larger}`);
    const [capture, token] = await Promise.all([
      post('/auth/code', json, 1_000_000_000),
      post('/oauth/token', form, 1_000_000_000),
    ]);
    expect(capture.status).toBe(413);
    expect(capture.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(token.status).toBe(413);
    expect(JSON.parse(token.body.slice(0, token.body.indexOf('}') + 1))).toMatchObject({
      error: 'invalid_request',
    });
    await othersAreServed(server);
  });

  it('serves others during a thousand half-open connections, and closes all of them', async () => {
    const server = await serving({ headersTimeout: 1_500, requestTimeout: 1_500 });
    const half = await Promise.all(
      Array.from({ length: 1_000 }, () => opened(server.port, `GET / HTTP/1.1\r\nHost: ${server.host}\r\n`)),
    );
    await othersAreServed(server);
    const answers = await Promise.all(half.map(({ ended }) => ended));
    for (const text of answers) expect(text).toMatch(/^$|^HTTP\/1\.1 408 Request Timeout\r\n/);
    await othersAreServed(server);
  });

  it('limits the number of connections, and accepts new ones when others end', async () => {
    const server = await serving({ ...serverLimits, maxConnections: 20, idleAfter: testHangsMs });
    const held = await Promise.all(Array.from({ length: 20 }, () => opened(server.port)));
    const oneMore = await opened(server.port, `GET /healthz HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`);
    expect(await oneMore.ended).toBe('');
    for (const { socket } of held) socket.destroy();
    await othersAreServed(server);
  });
});
