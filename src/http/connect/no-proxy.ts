import { BlockList, isIP } from 'node:net';

/**
 * Whether NO_PROXY excludes this host. Its entries are separated by commas or spaces. `*` matches every host; `example.com`,
 * `.example.com` and `*.example.com` match the domain and its subdomains, as in curl. An entry can also be an IP address or
 * a network such as `10.0.0.0/8`. If an entry has a port, the port must match too.
 *
 * @param host A host name or an IP address, without brackets.
 */
export function isExcluded(noProxy: string, host: string, port: number): boolean {
  const name = withoutFinalDot(host.toLowerCase());
  return noProxy
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), name, port));
}

function matches(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const { name, port: onlyPort } = parts(entry);
  if (onlyPort !== null && onlyPort !== port) return false;
  if (isIP(host) !== 0) return matchesAddress(name, host);
  const domain = withoutFinalDot(name.replace(/^\*?\./, ''));
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** An IPv6 address contains colons, so with a port it has brackets. */
function parts(entry: string): { name: string; port: number | null } {
  const [, bracketed, ipPort] = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: bracketed, port: ipPort === undefined ? null : Number(ipPort) };
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name === undefined ? { name: entry, port: null } : { name, port: Number(port) };
}

function matchesAddress(entry: string, host: string): boolean {
  const [network = '', prefix] = entry.split('/');
  const family = isIP(network);
  if (family === 0) return false;
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}

function withoutFinalDot(name: string): string {
  return name.replace(/\.$/, '');
}
