import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { networkOf } from '../../src/domain/network.ts';
import { startApiServer } from '../../src/server/api-server.ts';
import { Connections, connectionLimits } from '../../src/server/listening/connections.ts';
import { listenOnLoopback, type ServerLimits, serverLimits } from '../../src/server/listening/listen.ts';
import { sendRaw } from '../support/attacks/raw-http.ts';
import { freePort } from '../support/cli/cli-process.ts';
import { testHangsMs } from '../support/hang-limits.ts';
import { quietLog } from '../support/quiet-log.ts';
import { newVault } from '../support/vault/test-vault.ts';

async function serving(limits: Partial<ServerLimits>) {
  const port = await freePort();
  let underWay = 0;
  let most = 0;
  const ends: (() => void)[] = [];
  const server = await listenOnLoopback(
    (request, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      response.prependOnceListener('close', () => {
        underWay -= 1;
      });
      if (request.url === '/slow') ends.push(() => void response.end('slow'));
      else response.end('hello');
    },
    port,
    { ...serverLimits, ...limits },
  );
  onTestFinished(() => server.close());
  return { port, most: () => most, ends };
}

async function opened(port: number, bytes = '', localAddress?: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, ...(localAddress !== undefined && { localAddress }) });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return socket;
}

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const closing = get('/', 'Connection: close\r\n');

describe('connections', () => {
  it('are refused if all others are new or in use', async () => {
    const { port } = await serving({ maxConnections: 3, idleAfter: testHangsMs });
    for (const bytes of ['', 'GET / HT', get('/slow')]) await opened(port, bytes);
    expect((await sendRaw(port, closing)).status).toBe(0);
  });

  it('replace idle ones, and none in use', async () => {
    const { port, ends } = await serving({ maxConnections: 4, idleAfter: 0 });
    const slow = await opened(port, get('/slow'));
    await expect.poll(() => ends.length).toBe(1);
    const closed: string[] = [];
    slow.once('close', () => closed.push('slow'));
    for (const [name, bytes] of Object.entries({ used: get('/'), silent: '', half: 'GET / HT' })) {
      (await opened(port, bytes)).once('close', () => closed.push(name));
    }
    for (let count = 2; count <= 4; count += 1) {
      await opened(port, get('/slow'));
      await expect.poll(() => ends.length).toBe(count);
    }
    await expect.poll(() => closed.toSorted()).toEqual(['half', 'silent', 'used']);
    // All are busy now.
    expect((await sendRaw(port, closing)).status).toBe(0);
    for (const end of ends) end();
  });

  it('handle a few requests at once, and respond in order', async () => {
    const { port, most } = await serving({});
    const answer = await sendRaw(port, `${get('/').repeat(20)}${closing}`);
    expect(answer.raw.match(/hello/g)).toHaveLength(21);
    expect(most()).toBeLessThanOrEqual(8);
  });

  it('are closed if they send more requests than can wait', async () => {
    const { port, most } = await serving({});
    const answer = await sendRaw(port, get('/slow').repeat(1_000));
    expect(answer.raw).not.toContain('slow');
    expect(most()).toBeLessThanOrEqual(8);
    expect((await sendRaw(port, closing)).status).toBe(200);
  });

  it('stay open for at least 75 seconds between requests, and announce it', async () => {
    expect(serverLimits.keepAliveTimeout).toBeGreaterThanOrEqual(75_000);
    const { port } = await serving({});
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).toBe('hello');
    expect(
      Number(/timeout=(\d+)/.exec(response.headers.get('keep-alive') ?? '')?.[1]),
    ).toBeGreaterThanOrEqual(75);
  });

  it('stay open longer than headers may take, and still limit the time for the headers of the next request', async () => {
    const { port } = await serving({
      headersTimeout: 2_000,
      requestTimeout: 2_000,
      connectionsCheckingInterval: 50,
      keepAliveTimeout: testHangsMs,
    });
    const socket = await opened(port, get('/'));
    let text = '';
    socket.on('data', (piece) => {
      text += piece;
    });
    // Longer than headers may take.
    await sleep(2_500);
    socket.write(get('/'));
    await expect.poll(() => text.match(/hello/g)?.length).toBe(2);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
    await once(socket, 'close');
    expect(text).toContain('408');
  });
});

describe('the share of an address', () => {
  const socketFrom = (remoteAddress: string, remotePort: number) =>
    Object.assign(
      new EventEmitter(),
      { remoteAddress, remotePort, destroyed: false },
      {
        destroy(this: { destroyed: boolean }) {
          this.destroyed = true;
        },
      },
    );

  it('closes only connections of an address that opens too many', () => {
    const limits = {
      ...connectionLimits,
      maxConnections: 10,
      maxConnectionsPerGroup: 4,
      idleAfter: testHangsMs,
    };
    const server = new EventEmitter();
    new Connections(limits, networkOf).attach(server as Server);
    const open = (address: string, count: number) =>
      Array.from({ length: count }, (_, at) => {
        const socket = socketFrom(address, 1_000 + at);
        server.emit('connection', socket);
        return socket;
      });
    const isOpen = ({ destroyed }: { destroyed: boolean }) => !destroyed;
    const greedy = open('10.1.2.3', 2_000);
    // Anyone who has one IPv6 address has the whole network.
    const greedyToo = [...open('2001:db8::1', 3), ...open('2001:db8::2', 3)];
    const others = open('10.1.2.4', 2);
    expect([greedy, greedyToo, others].map((each) => each.filter(isOpen).length)).toEqual([4, 4, 2]);
    for (const socket of greedy.filter(isOpen)) socket.emit('close');
    expect(open('10.1.2.5', 5).filter(isOpen)).toHaveLength(4);
  });
});

describe('the token API for other hosts', () => {
  async function api(limits: Partial<ServerLimits>, trustedProxies: string[] = []) {
    const vault = await newVault();
    const server = await startApiServer(vault, quietLog(), {
      host: '127.0.0.1',
      port: 0,
      tls: null,
      trustedProxies,
      limits: { ...serverLimits, ...limits },
    });
    onTestFinished(() => server.close());
    return Number(new URL(server.address).port);
  }

  it('does not limit this machine', async () => {
    const port = await api({ maxConnections: 12, maxConnectionsPerGroup: 4 });
    await Promise.all(Array.from({ length: 8 }, () => opened(port)));
    expect((await sendRaw(port, get('/healthz', 'Connection: close\r\n'))).status).toBe(200);
  });

  it('returns 429 to one busy client behind a proxy, and responds to others as before', async () => {
    const port = await api({}, ['127.0.0.1']);
    const head = (address: string) =>
      `POST /oauth/token HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\n`;
    // Their bodies never arrive.
    await Promise.all(Array.from({ length: 100 }, (_, at) => opened(port, head(`10.1.2.3:${50_000 + at}`))));
    const ask = (address: string) => sendRaw(port, `${head(address)}grant_type=client_credentials&`);
    await expect.poll(async () => (await ask('10.1.2.3')).status).toBe(429);
    expect((await ask('10.1.2.3:9')).headers['retry-after']).toBe('1');
    expect((await ask('10.1.2.4')).status).toBe(401);
    expect((await sendRaw(port, get('/healthz', 'Connection: close\r\n'))).status).toBe(200);
  });
});
