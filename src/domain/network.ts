import { isIPv6 } from 'node:net';

/**
 * The network that identifies a caller: the owner of one IPv6 address usually has the whole /64, and this host has all of
 * 127.0.0.0/8. Each network has one text form, regardless of the notation of its addresses.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain.startsWith('127.') ? 'loopback' : plain;
  const groups = groupsOf(plain);
  const mapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (mapped) return networkOf(groups.slice(6).map(asIPv4).join('.'));
  if (groups.join(':') === '0:0:0:0:0:0:0:1') return 'loopback';
  return groups.slice(0, 4).join(':');
}

/** The eight groups of an IPv6 address, in lowercase and without leading zeros (RFC 5952). */
function groupsOf(address: string): string[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = [], tail] = canonical
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - before.length - tail.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? [])];
}

function asIPv4(group: string): string {
  const value = Number.parseInt(group, 16);
  return `${value >> 8}.${value & 0xff}`;
}
