import { isIPv6, SocketAddress } from 'node:net';

/**
 * The network that identifies a caller: the owner of one IPv6 address usually has the whole /64, and this host has all of
 * 127.0.0.0/8. Each network has one text form, regardless of the notation of its addresses.
 */
export function networkOf(address: string): string {
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain.startsWith('127.') ? 'loopback' : plain;
  const canonical = canonicalAddress(plain);
  if (!isIPv6(canonical)) return networkOf(canonical);
  return canonical === '::1' ? 'loopback' : groupsOf(canonical).slice(0, 4).join(':');
}

/** The groups of an IPv6 address in its shortest form, with the zeros that `::` stands for. */
function groupsOf(address: string): string[] {
  const [before = [], tail] = address
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - before.length - tail.length;
  return [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ?? [])];
}

/**
 * The shortest text form of an IP address without a zone. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is returned in
 * IPv4 notation. Throws if the text is not an IP address.
 */
export function canonicalAddress(address: string): string {
  const { address: canonical } = new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' });
  return mappedToIPv4(canonical);
}

/** The IPv4 notation of an IPv4-mapped address as Node writes it: `::ffff:192.0.2.1`. Returns any other address unchanged. */
export function mappedToIPv4(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.)/, '');
}
