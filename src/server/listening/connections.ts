import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

/** Limits on connections and on the requests of each connection. */
export interface ConnectionLimits {
  maxConnections: number;
  /** Maximum number of connections per group of addresses, such as a client's network; see `Connections`. */
  maxConnectionsPerGroup: number;
  /** Requests in flight per connection. Further pipelined requests wait. */
  maxAtOnce: number;
  /** Maximum number of waiting requests. A connection that sends more is closed. */
  maxWaiting: number;
  /** After this time without a request in flight, a connection may be closed in favor of another one. Milliseconds. */
  idleAfter: number;
}

export const connectionLimits: ConnectionLimits = {
  maxConnections: 2_000,
  maxConnectionsPerGroup: 500,
  maxAtOnce: 8,
  maxWaiting: 24,
  idleAfter: 2_000,
};

interface Connection {
  socket: Socket;
  group: string | null;
  inFlight: number;
  waiting: (() => void)[];
  /** When it was opened, or its last response ended. Milliseconds of `performance.now()`. */
  idleSince: number;
  isOpen: boolean;
}

/**
 * Limits the connections of a server. If the limit is reached, an idle connection of the largest group is closed in favor of the
 * new one. If none is idle, the new one is closed. So no client can lock out others by opening many connections or sending many
 * requests at once.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #groupOf: (address: string) => string | null;
  readonly #all = new Map<string, Connection>();
  /** By the socket of its requests, which over TLS is not the socket that was opened. */
  readonly #bySocket = new WeakMap<Socket, Connection>();
  readonly #groupSizes = new Map<string | null, number>();

  /** `groupOf` returns the group of an address. Null: not limited, for example a reverse proxy. */
  constructor(limits: ConnectionLimits, groupOf: (address: string) => string | null = () => null) {
    this.#limits = limits;
    this.#groupOf = groupOf;
  }

  attach(server: Server | TlsServer): void {
    server.on('connection', (socket: Socket) => this.#opened(socket));
  }

  /** Passes a few requests of each connection to the handler at once; further ones wait. */
  listener(handler: RequestListener): RequestListener {
    return (request, response) => {
      const connection = this.#connectionOf(request.socket);
      if (!connection?.isOpen) {
        request.socket.destroy();
        return;
      }
      const run = () => {
        connection.inFlight += 1;
        response.on('close', () => this.#answered(connection));
        return handler(request, response);
      };
      if (connection.inFlight < this.#limits.maxAtOnce) return run();
      if (connection.waiting.length < this.#limits.maxWaiting) connection.waiting.push(run);
      else this.#close(connection);
    };
  }

  #connectionOf(socket: Socket): Connection | undefined {
    const known = this.#bySocket.get(socket);
    if (known !== undefined) return known;
    const connection = this.#all.get(keyOf(socket));
    if (connection !== undefined) this.#bySocket.set(socket, connection);
    return connection;
  }

  #opened(socket: Socket): void {
    const group = this.#groupOf(socket.remoteAddress ?? '');
    const { maxConnections, maxConnectionsPerGroup } = this.#limits;
    const hasShare = group === null || this.#sizeOf(group) < maxConnectionsPerGroup;
    const hasRoom = hasShare
      ? this.#all.size < maxConnections || this.#closeOneIdle()
      : this.#closeOneIdle(group);
    if (!hasRoom) {
      socket.destroy();
      return;
    }
    const idleSince = performance.now();
    const connection: Connection = { socket, group, inFlight: 0, waiting: [], idleSince, isOpen: true };
    this.#all.set(keyOf(socket), connection);
    this.#groupSizes.set(group, this.#sizeOf(group) + 1);
    const key = keyOf(socket);
    socket.once('close', () => this.#forget(key, connection));
  }

  #answered(connection: Connection): void {
    connection.inFlight -= 1;
    connection.idleSince = performance.now();
    connection.waiting.shift()?.();
  }

  /** Closes the longest idle connection of the largest group. False if none is idle. */
  #closeOneIdle(group?: string): boolean {
    const idle = [...this.#all.values()].filter(
      (each) =>
        (group === undefined || each.group === group) &&
        each.inFlight === 0 &&
        performance.now() - each.idleSince >= this.#limits.idleAfter,
    );
    const [first] = idle.sort(
      (one, other) => this.#sizeOf(other.group) - this.#sizeOf(one.group) || one.idleSince - other.idleSince,
    );
    if (first !== undefined) this.#close(first);
    return first !== undefined;
  }

  #close(connection: Connection): void {
    connection.waiting.length = 0;
    this.#forget(keyOf(connection.socket), connection);
    connection.socket.destroy();
  }

  #forget(key: string, connection: Connection): void {
    if (this.#all.get(key) !== connection) return;
    this.#all.delete(key);
    connection.isOpen = false;
    const left = this.#sizeOf(connection.group) - 1;
    if (left > 0) this.#groupSizes.set(connection.group, left);
    else this.#groupSizes.delete(connection.group);
  }

  #sizeOf(group: string | null): number {
    return this.#groupSizes.get(group) ?? 0;
  }
}

/** The same key for a TCP connection and for the TLS connection over it. */
function keyOf({ remoteAddress, remotePort }: IncomingMessage['socket']): string {
  return `${remoteAddress} ${remotePort}`;
}
