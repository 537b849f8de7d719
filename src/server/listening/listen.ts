import { createServer, type RequestListener, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { BrokerError } from '../../errors/broker-error.ts';
import { rejectMalformed } from '../requests/reject-malformed.ts';
import { handleClientError } from './client-errors.ts';
import { type ConnectionLimits, Connections, connectionLimits } from './connections.ts';
import { loopbackHosts } from './loopback-hosts.ts';
import { findPortOwner } from './port-owner.ts';

/** Both families: `localhost` may mean either, and the other could be somebody else's. */
const loopbackAddresses = ['127.0.0.1', '::1'];

export interface Listening {
  /** Lets requests under way finish, a few seconds at most. */
  close(): Promise<void>;
}

/** What a slow or a hungry caller is held to. Milliseconds, but for what is counted. */
export interface ServerLimits extends Partial<ConnectionLimits> {
  /** For a whole request to arrive, from its first byte on. */
  requestTimeout: number;
  /** For its headers, and for the first byte of a connection. */
  headersTimeout: number;
  /** How often it is looked for those that took longer. */
  connectionsCheckingInterval: number;
  /** For a connection on which nothing moves, whoever it waits for: longer than any page takes. */
  idleTimeout: number;
  /** For the next request on a connection that is kept open. */
  keepAliveTimeout?: number;
}

export const serverLimits: ServerLimits = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  idleTimeout: 120_000,
  // Longer than the clients keep theirs, so that none sends a request just when the connection is closed: proxies mostly
  // 60 s or 75 s, Go 90 s.
  keepAliveTimeout: 95_000,
  ...connectionLimits,
};

/**
 * Holds a server to what its options cannot say. After it listens, it may still fail to take a connection, for example
 * without a free file descriptor: that is reported, and the server goes on.
 */
export function applyLimits(
  server: Server | TlsServer,
  limits: ServerLimits,
  connections: Connections,
  failed: (error: Error) => void,
): void {
  server.timeout = limits.idleTimeout;
  connections.attach(server);
  server.once('listening', () => server.on('error', failed));
}

/** How long requests under way may take once the server is to stop. Milliseconds. */
const closeTimeoutMs = 5_000;

/** Serves on both loopback addresses, or not at all. Throws `E_PORT_TAKEN`, which names the program that holds it. */
export async function listenOnLoopback(
  handler: RequestListener,
  port: number,
  limits: ServerLimits = serverLimits,
  failed: (error: Error) => void = () => {},
): Promise<Listening> {
  // Some systems let two programs listen on one port, one on all addresses and one on a single one: ask first.
  for (const address of loopbackAddresses) {
    if (await answers(address, port)) throw await portTaken(port);
  }
  const servers: Server[] = [];
  const hosts = loopbackHosts(port);
  const isOwn = (origin: string) => hosts.has(origin.replace(/^http:\/\//, ''));
  try {
    for (const address of loopbackAddresses) {
      const server = await listen(rejectMalformed(handler, isOwn), { port, host: address }, limits, failed);
      if (server !== null) servers.push(server);
    }
  } catch (error) {
    await Promise.all(servers.map(closeServer));
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw await portTaken(port);
    throw cannotListen(port, error);
  }
  if (servers.length === 0) throw cannotListen(port, new Error('this machine has no loopback address'));
  return { close: async () => void (await Promise.all(servers.map(closeServer))) };
}

/** How often another program may have the other family's port before a free one is looked for no more. */
const freePortTries = 5;

/** Serves on a port that is free on both loopback addresses; `handlerOn` is told which. Throws `E_LISTEN`. */
export async function listenOnFreePort(
  handlerOn: (port: number) => RequestListener,
): Promise<Listening & { port: number }> {
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    try {
      return { port, ...(await listenOnLoopback(handlerOn(port), port)) };
    } catch (error) {
      if (tries === freePortTries) throw error;
    }
  }
}

async function freePort(): Promise<number> {
  for (const address of loopbackAddresses) {
    const server = await listen(
      () => {},
      { port: 0, host: address },
      serverLimits,
      () => {},
    );
    if (server === null) continue;
    const { port } = server.address() as AddressInfo;
    await closeServer(server);
    return port;
  }
  throw cannotListen(0, new Error('this machine has no loopback address'));
}

/** Null where this machine does not have the address's family at all. */
function listen(
  handler: RequestListener,
  place: { port: number; host: string },
  limits: ServerLimits,
  failed: (error: Error) => void,
): Promise<Server | null> {
  const connections = new Connections({ ...connectionLimits, ...limits });
  const server = createServer(limits, connections.listener(handler));
  applyLimits(server, limits, connections, failed);
  handleClientError(server);
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(null);
      else reject(error);
    });
    server.listen({ ...place, exclusive: true }, () => resolve(server));
  });
}

/** Lets requests under way finish, and closes every connection as soon as it waits for another. */
export function closeServer(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}

async function portTaken(port: number): Promise<BrokerError> {
  const owner = await findPortOwner(port);
  const who = owner === null ? 'another program' : `${owner.name} (process ${owner.pid})`;
  return new BrokerError('E_PORT_TAKEN', `Port ${port} of this machine is held by ${who}.`, {
    help:
      `Webex sends the browser back to that very port. Stop ${owner === null ? 'that program' : owner.name} and try again, or sign in without ` +
      'this page: copy the address you land on and give it to "webex-token import PROFILE".',
  });
}

function cannotListen(port: number, cause: unknown): BrokerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('E_LISTEN', `Port ${port} of this machine cannot be listened on: ${reason}.`, {
    cause,
  });
}
