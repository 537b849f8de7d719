import type { IncomingMessage, RequestListener } from 'node:http';
import { sendOAuthError } from '../../api/oauth-error.ts';
import { networkOf } from '../../domain/network.ts';

/** Requests of one client network that are worked on at once. */
const maxInFlight = 100;

/**
 * Behind a reverse proxy all connections are the proxy's, so that each client's share is counted in requests.
 * `shareOf` tells whose a request is; null: nobody's, such as the proxy's own health checks.
 */
export function limitPerNetwork(
  handler: RequestListener,
  shareOf: (request: IncomingMessage) => string | null,
  limit = maxInFlight,
): RequestListener {
  const inFlight = new Map<string, number>();
  return (request, response) => {
    const address = shareOf(request);
    if (address === null) return handler(request, response);
    const network = networkOf(address);
    const before = inFlight.get(network) ?? 0;
    if (before >= limit) {
      const description = `Too many requests from ${address} at once. Wait for the answers to some of them.`;
      sendOAuthError(response, { code: 'temporarily_unavailable', description, status: 429, retryAfter: 1 });
      return;
    }
    inFlight.set(network, before + 1);
    response.once('close', () => {
      const left = (inFlight.get(network) ?? 1) - 1;
      if (left > 0) inFlight.set(network, left);
      else inFlight.delete(network);
    });
    return handler(request, response);
  };
}
