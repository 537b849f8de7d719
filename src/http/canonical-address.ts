import { isIPv6, SocketAddress } from 'node:net';

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
