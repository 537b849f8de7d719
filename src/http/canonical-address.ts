import { isIPv6, SocketAddress } from 'node:net';

/**
 * The shortest text form of an IP address without a zone. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is returned in
 * IPv4 notation. Throws if the text is not an IP address.
 */
export function canonicalAddress(address: string): string {
  const { address: canonical } = new SocketAddress({ address, family: isIPv6(address) ? 'ipv6' : 'ipv4' });
  return canonical.replace(/^::ffff:/, '');
}
