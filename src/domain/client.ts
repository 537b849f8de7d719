import { BlockList, isIP } from 'node:net';
import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';

/** Another program that may fetch tokens from the token endpoint. Its name is its OAuth `client_id`. */
export interface Client {
  id: string;
  name: string;
  /** The names of the profiles that it may fetch. */
  profiles: string[];
  /** How it proves who it is: a shared secret, or a key pair of which we know the public half. */
  authentication: 'secret' | 'private_key_jwt';
  /** Addresses and networks that it may ask from; empty: from anywhere. */
  addresses: string[];
  /** From then on it gets nothing any more; null: no end. Epoch milliseconds. */
  expiresAt: number | null;
  createdAt: number;
  /** What it is told at most of how long a token is good for, so that it asks again and gets a renewed one. Seconds. */
  maxExpiresIn: number;
  /** To the minute. Epoch milliseconds; null: never. */
  lastUsedAt: number | null;
  /** The secret before the current one, while it still works. */
  previousSecret: { until: number; lastUsedAt: number | null } | null;
}

/** So that a renewed token reaches a client within the hour. Seconds. */
export const defaultMaxExpiresIn = 3_600;

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Whether a text can be a client's name. Such a name means the same with and without form encoding. */
export function isClientName(text: string): boolean {
  return namePattern.test(text);
}

/** Throws `E_CLIENT_NAME`. */
export function parseClientName(text: string): string {
  if (isClientName(text)) return text;
  throw new BrokerError('E_CLIENT_NAME', 'That cannot be a client’s name.', {
    help: 'Use up to 63 lower-case letters, digits, dots, dashes and underscores, a letter or digit first, for example "ci-deploy".',
  });
}

/** Checks an address or a network such as 10.0.0.0/8. Throws `E_ADDRESS`. */
export function parseAddressRange(text: string): string {
  const range = text.trim();
  if (splitRange(range) !== null) return range;
  throw new BrokerError(
    'E_ADDRESS',
    `"${sanitizeForDisplay(text, 80)}" is neither an address nor a network.`,
    {
      help: 'For example 10.1.2.3, 10.0.0.0/8 or 2001:db8::/32. A host name will not do: it could change.',
    },
  );
}

/** Whether an address lies in one of the ranges. An IPv4 address written as IPv6 counts as IPv4. */
export function inRanges(ranges: string[], address: string): boolean {
  return rangeMatcher(ranges)(address);
}

/** The same for many addresses. */
export function rangeMatcher(ranges: string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const parts = splitRange(range);
    if (parts !== null) list.addSubnet(parts.address, parts.prefix, parts.family);
  }
  return (given) => {
    // The zone of a link-local address is this machine's own word for an interface.
    const address = given.replace(/%.*$/, '');
    return isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  };
}

function splitRange(range: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | null {
  const [address = '', bits, ...more] = range.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%')) return null;
  const width = version === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (prefix < 0 || prefix > width) return null;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
