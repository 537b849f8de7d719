import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

type Peer = Pick<Socket, 'remotePort' | 'localPort'>;

/** Reading the lists takes milliseconds, and a connection keeps its owner. */
const found = new WeakMap<Peer, boolean>();

/**
 * Whether the other end of a loopback connection belongs to another user of this computer. Linux lists the owner of each
 * socket in /proc/net/tcp; on systems without that list, the result is false. Sockets of root do not count as another user:
 * root can read everything anyway, and its processes forward connections of other users. A socket that its process has
 * closed is first listed under root, and later not at all. Its owner is unknown and counts as another user.
 */
export function isOtherUser(peer: Peer, tables: () => string[] = connectionTables): boolean {
  const known = found.get(peer);
  if (known !== undefined) return known;
  const me = process.getuid?.();
  if (me === undefined || peer.remotePort === undefined || peer.localPort === undefined) return false;
  const { remotePort, localPort } = peer;
  const sockets = tables().flatMap((table) => socketsOf(table, [remotePort, localPort]));
  const owners = sockets.filter(({ from, to }) => from === remotePort && to === localPort);
  // The system lists this server's sockets, but the other end is no longer listed.
  if (owners.length === 0) return sockets.some(({ from }) => from === localPort);
  const isOther = owners.some(({ owner, isOpen }) => owner !== me && !(owner === 0 && isOpen));
  found.set(peer, isOther);
  return isOther;
}

interface ListedSocket {
  /** Ports. */
  from: number;
  to: number;
  owner: number;
  isOpen: boolean;
}

/** The sockets at these ports; a busy computer has thousands of others. Fields as in `man 5 proc`; ports are hexadecimal. */
function socketsOf(table: string, ports: number[]): ListedSocket[] {
  const texts = ports.map((port) => `:${port.toString(16).toUpperCase().padStart(4, '0')} `);
  return table
    .split('\n')
    .filter((line) => texts.some((text) => line.includes(text)))
    .map((line) => line.trim().split(/\s+/))
    .map(([, from = '', to = '', state = '', , , , owner]) => ({
      from: portOf(from),
      to: portOf(to),
      owner: Number(owner),
      isOpen: openStates.includes(state),
    }));
}

/** TCP_ESTABLISHED and TCP_CLOSE_WAIT: the process has not closed the socket (net/tcp_states.h in the kernel). */
const openStates = ['01', '08'];

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
}

function connectionTables(): string[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  });
}
