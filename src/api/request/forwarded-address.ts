import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { rangeMatcher } from '../../domain/client.ts';
import { canonicalAddress } from '../../domain/network.ts';
import { peerAddress } from '../context.ts';

/**
 * Returns the client's address behind reverse proxies: the last address in `X-Forwarded-For` that is not a trusted proxy.
 * If a proxy wrote something other than an address, such as `unknown`, the result is that proxy's address. `Forwarded` is not
 * read, because a proxy that does not support it forwards the client's own value.
 */
export function forwardedAddress(trustedProxies: string[]): (request: IncomingMessage) => string {
  if (trustedProxies.length === 0) return peerAddress;
  const isTrusted = rangeMatcher(trustedProxies);
  return (request) => {
    let address = peerAddress(request);
    const header = request.headers['x-forwarded-for'];
    const hops = (Array.isArray(header) ? header.join() : (header ?? '')).split(',');
    while (isTrusted(address)) {
      const hop = hops.pop();
      if (hop === undefined) break;
      // RFC 9110 §5.6.1: empty elements of a list are ignored.
      if (hop.trim() === '') continue;
      const before = parseHop(hop);
      if (before === null) break;
      address = before;
    }
    return address;
  };
}

/** An address as proxies write it, optionally with a port; IPv6 then has brackets. Null if it is not an address. */
export function parseHop(text: string): string | null {
  const hop = text.trim().replace(/^"(.*)"$/, '$1');
  const [, bracketed, v4] = /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+))(?::\d{1,5})?$/.exec(hop) ?? [];
  const address = (bracketed ?? v4 ?? hop).replace(/%.*$/, '').toLowerCase();
  if (isIP(address) === 0 || (bracketed !== undefined && isIP(address) === 4)) return null;
  return canonicalAddress(address);
}
