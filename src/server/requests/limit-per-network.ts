import type { IncomingMessage, RequestListener } from 'node:http';
import { sendOAuthError } from '../../api/oauth-error.ts';
import { networkOf } from '../../domain/network.ts';

/** Requests of one client network that are worked on at once. */
const maxUnderWay = 100;

/**
 * Behind a reverse proxy all connections are the proxy's, so that each client's share is counted in requests.
 * `shareOf` tells whose a request is; null: nobody's, such as the proxy's own health checks.
 */
export function shareRequests(
  handler: RequestListener,
  shareOf: (request: IncomingMessage) => string | null,
  limit = maxUnderWay,
): RequestListener {
  const underWay = new Map<string, number>();
  return (request, response) => {
    const address = shareOf(request);
    if (address === null) return handler(request, response);
    const network = networkOf(address);
    const before = underWay.get(network) ?? 0;
    if (before >= limit) {
      const description = `Too many requests from ${address} at once. Wait for the answers to some of them.`;
      sendOAuthError(response, { code: 'temporarily_unavailable', description, status: 429, retryAfter: 1 });
      return;
    }
    underWay.set(network, before + 1);
    response.once('close', () => {
      const left = (underWay.get(network) ?? 1) - 1;
      if (left > 0) underWay.set(network, left);
      else underWay.delete(network);
    });
    return handler(request, response);
  };
}
