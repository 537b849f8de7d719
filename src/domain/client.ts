import { BlockList, isIP } from 'node:net';
import { BrokerError } from '../errors/broker-error.ts';
import { sanitizeForDisplay } from '../text/sanitize.ts';
import { dayMs } from './lifetimes.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

/** A program that may fetch tokens from the token endpoint, or call the SCIM relay. Its name is its OAuth `client_id`. */
export interface Client {
  id: string;
  name: string;
  /** The names of the profiles that it may fetch. */
  profiles: string[];
  /** How it authenticates: a shared secret, a key pair whose public key is stored, or a JWT from another issuer. */
  authentication: 'secret' | 'private_key_jwt' | 'workload_identity';
  /** What it may do through the SCIM relay; `write` excludes DELETE. Null: it fetches tokens instead. */
  relayRights: RelayRights | null;
  /** What a JWT from another issuer must contain; null unless the client authenticates with one. */
  workloadIdentity: WorkloadIdentity | null;
  /** Addresses and networks that it may connect from; empty: any. */
  addresses: string[];
  /** When its access ends; null: never. Epoch milliseconds. */
  expiresAt: number | null;
  createdAt: number;
  /** The longest `expires_in` that it gets, so that it soon fetches a renewed token. Seconds. */
  maxExpiresIn: number;
  /** To the minute. Epoch milliseconds; null: never. */
  lastUsedAt: number | null;
  /** The secret before the current one, while it still works. */
  previousSecret: { until: number; lastUsedAt: number | null } | null;
}

export const relayRights = ['read', 'write', 'all'] as const;

export type RelayRights = (typeof relayRights)[number];

/** The longest time that a previous secret keeps working. Milliseconds. */
export const maxSecretOverlapMs = 90 * dayMs;

/** A renewed token reaches every client within an hour. Seconds. */
export const defaultMaxExpiresIn = 3_600;

const namePattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;

/** Whether a text is a valid client name. Such a name is the same with and without form encoding. */
export function isClientName(text: string): boolean {
  return namePattern.test(text);
}

/** Throws `E_CLIENT_NAME`. */
export function parseClientName(text: string): string {
  if (isClientName(text)) return text;
  throw new BrokerError('E_CLIENT_NAME', 'This is not a valid client name.', {
    help: 'Use up to 63 lowercase letters, digits, dots, dashes and underscores, starting with a letter or digit, for example "ci-deploy".',
  });
}

/** Checks an address or a network such as 10.0.0.0/8. Throws `E_ADDRESS`. */
export function parseAddressRange(text: string): string {
  const range = text.trim();
  if (splitRange(range) !== null) return range;
  throw new BrokerError('E_ADDRESS', `"${sanitizeForDisplay(text, 80)}" is not an IP address or network.`, {
    help: 'Examples: 10.1.2.3, 10.0.0.0/8, 2001:db8::/32. Host names are not accepted, because their addresses can change.',
  });
}

/** Whether an address is in one of the ranges. An IPv4-mapped IPv6 address counts as IPv4. */
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
    // The zone of a link-local address names an interface of this host.
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
