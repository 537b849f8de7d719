import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { canonicalAddress } from '../../domain/network.ts';

type Connection = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

/** Reading the lists takes milliseconds, and a connection keeps its owner. */
const found = new WeakMap<Connection, boolean>();

/**
 * Whether the other end of a loopback connection belongs to another user of this computer. Linux lists the owner of each
 * socket in /proc/net/tcp; on systems without that list, the result is false. Sockets of root do not count as another user:
 * root can read everything anyway, and its processes forward connections of other users. A socket that its process has
 * closed is first listed under root, and later not at all. Its owner is unknown and counts as another user.
 */
export function isOtherUser(connection: Connection, tables: () => string[] = connectionTables): boolean {
  const known = found.get(connection);
  if (known !== undefined) return known;
  const me = process.getuid?.();
  if (me === undefined) return false;
  // The first line has the names of the columns.
  const rows = tables().flatMap((table) => table.split('\n').slice(1).filter(Boolean));
  if (rows.length === 0) return false;
  const { remoteAddress, remotePort, localAddress, localPort } = connection;
  // Node does not know the addresses of a connection that has ended.
  if (remoteAddress === undefined || remotePort === undefined) return true;
  if (localAddress === undefined || localPort === undefined) return true;
  const from = `${canonicalAddress(remoteAddress)} ${remotePort}`;
  const to = `${canonicalAddress(localAddress)} ${localPort}`;
  // A busy computer has thousands of other sockets.
  const ownPort = `:${remotePort.toString(16).toUpperCase().padStart(4, '0')} `;
  const owners = rows
    .filter((row) => row.includes(ownPort))
    .map(parseRow)
    .filter((socket) => socket.from === from && socket.to === to);
  if (owners.length === 0) return true;
  const isOther = owners.some(({ owner, isOpen }) => owner !== me && !(owner === 0 && isOpen));
  found.set(connection, isOther);
  return isOther;
}

interface ListedSocket {
  /** Address and port of each end. The same ports can be in use between other addresses. */
  from: string;
  to: string;
  owner: number;
  isOpen: boolean;
}

/** Fields as in `man 5 proc`. */
function parseRow(row: string): ListedSocket {
  const [, from = '', to = '', state = '', , , , owner] = row.trim().split(/\s+/);
  return { from: parseEnd(from), to: parseEnd(to), owner: Number(owner), isOpen: openStates.includes(state) };
}

/** TCP_ESTABLISHED and TCP_CLOSE_WAIT: the process has not closed the socket (net/tcp_states.h in the kernel). */
const openStates = ['01', '08'];

/** Parses an address and port in hexadecimal. The address consists of 32-bit words in the byte order of the processor. */
function parseEnd(end: string): string {
  const [address = '', port = ''] = end.split(':');
  const bytes = Buffer.from(address, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  const text = bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
  return `${canonicalAddress(text)} ${Number.parseInt(port, 16)}`;
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
