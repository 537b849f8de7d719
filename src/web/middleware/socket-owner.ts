import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

type Peer = Pick<Socket, 'remotePort' | 'localPort'>;

/** Reading the lists takes milliseconds, and a connection keeps its owner. */
const found = new WeakMap<Peer, boolean>();

/**
 * Whether the other end of a loopback connection certainly belongs to another user of this computer. Linux lists the
 * owner of each socket in /proc/net/tcp; on systems without that list the result is false. Sockets of root do not count:
 * root can read everything anyway, and its processes forward the connections of others.
 */
export function isOtherUser(peer: Peer, tables: () => string[] = connectionTables): boolean {
  const known = found.get(peer);
  if (known !== undefined) return known;
  const me = process.getuid?.();
  if (me === undefined || peer.remotePort === undefined || peer.localPort === undefined) return false;
  const owners = tables().flatMap((table) => ownersOf(table, peer));
  const isOther = owners.some((owner) => owner !== me && owner !== 0);
  if (owners.length > 0) found.set(peer, isOther);
  return isOther;
}

/** The owners of the sockets from the peer's port to this server's port. Fields as in `man 5 proc`; ports are hexadecimal. */
function ownersOf(table: string, { remotePort, localPort }: Peer): number[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, from = '', to = '']) => portOf(from) === remotePort && portOf(to) === localPort)
    .map((fields) => Number(fields[7]));
}

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
