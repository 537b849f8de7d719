import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

type Peer = Pick<Socket, 'remotePort' | 'localPort'>;

/**
 * Whether the other end of a loopback connection certainly belongs to another user of this machine. Linux tells the
 * owner of each socket in /proc/net/tcp; where the system does not tell, it is false. The administrator may do
 * everything anyway, and is the one whose processes pass connections on.
 */
export function isOtherUser(peer: Peer, tables: () => string[] = connectionTables): boolean {
  const me = process.getuid?.();
  if (me === undefined || peer.remotePort === undefined || peer.localPort === undefined) return false;
  const owners = tables().flatMap((table) => ownersOf(table, peer));
  return owners.some((owner) => owner !== me && owner !== 0);
}

/** The users of the sockets that go from the peer's port to ours. Fields as `man 5 proc` has them, ports in hexadecimal. */
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
