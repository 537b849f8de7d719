import { createServer, type RequestListener, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { BrokerError } from '../../errors/broker-error.ts';
import { rejectMalformed } from '../requests/reject-malformed.ts';
import { handleClientError } from './client-errors.ts';
import { type ConnectionLimits, Connections, connectionLimits } from './connections.ts';
import { loopbackHosts } from './loopback-hosts.ts';
import { findPortOwner } from './port-owner.ts';

/** Both address families, because `localhost` may resolve to either, and another program could listen on the other one. */
const loopbackAddresses = ['127.0.0.1', '::1'];

export interface Listening {
  /** Lets requests in flight finish, for a few seconds at most. */
  close(): Promise<void>;
}

/** Limits for slow or greedy clients. Times in milliseconds. */
export interface ServerLimits extends Partial<ConnectionLimits> {
  /** For the whole request to arrive, from its first byte. */
  requestTimeout: number;
  /** For its headers, and for the first byte of a connection. */
  headersTimeout: number;
  /** How often the server checks for requests that took longer. */
  connectionsCheckingInterval: number;
  /** For a connection without traffic in either direction: longer than any page takes. */
  idleTimeout: number;
  /** For the next request on a connection that is kept open. */
  keepAliveTimeout?: number;
}

export const serverLimits: ServerLimits = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  idleTimeout: 120_000,
  // Longer than clients keep idle connections (proxies mostly 60 s or 75 s, Go 90 s), so that none sends a request just
  // as the connection is closed.
  keepAliveTimeout: 95_000,
  ...connectionLimits,
};

/**
 * Applies the limits that server options do not cover. A listening server may fail to accept a connection, for example
 * without a free file descriptor: the failure is reported and the server continues.
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

/** How long requests in flight may take after the server was asked to stop. Milliseconds. */
const closeTimeoutMs = 5_000;

/** Listens on both loopback addresses or fails. Throws `E_PORT_TAKEN`, whose message names the program that uses the port. */
export async function listenOnLoopback(
  handler: RequestListener,
  port: number,
  limits: ServerLimits = serverLimits,
  failed: (error: Error) => void = () => {},
): Promise<Listening> {
  // Some systems allow one program to listen on all addresses and another on a single address of the same port, so check first.
  for (const address of loopbackAddresses) {
    if (await acceptsConnections(address, port)) throw await portTaken(port);
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

/** How many times to look for a port that is free in both address families. */
const freePortTries = 5;

/** Listens on a port that is free on both loopback addresses and passes it to `handlerOn`. Throws `E_LISTEN`. */
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

/** Null if this machine does not have the address family. */
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

/** Lets requests in flight finish and closes each connection as soon as it is idle. */
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

function acceptsConnections(host: string, port: number): Promise<boolean> {
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
  return new BrokerError('E_PORT_TAKEN', `Port ${port} is in use by ${who}.`, {
    help: [
      `Webex redirects the browser to this port. Stop ${owner === null ? 'that program' : owner.name} and try again.`,
      {
        text: 'Or sign in without the web app: copy the address of the page that you land on, and import it',
        command: ['import', 'PROFILE'],
      },
    ],
  });
}

function cannotListen(port: number, cause: unknown): BrokerError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerError('E_LISTEN', `Cannot listen on port ${port}: ${reason}.`, {
    cause,
  });
}
