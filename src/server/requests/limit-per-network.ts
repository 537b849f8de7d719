import type { IncomingMessage, RequestListener } from 'node:http';
import { networkOf } from '../../domain/network.ts';
import { sendRefusal } from './send-refusal.ts';

/** Maximum number of requests in flight per client network. */
const maxInFlight = 100;

/**
 * Limits the requests in flight per client network. Behind a reverse proxy, all connections come from the proxy, so connection
 * limits do not apply to clients. `addressOf` returns the client's address. Null exempts the request, for example the proxy's own
 * health check.
 */
export function limitPerNetwork(
  handler: RequestListener,
  addressOf: (request: IncomingMessage) => string | null,
  limit = maxInFlight,
): RequestListener {
  const inFlight = new Map<string, number>();
  return (request, response) => {
    const address = addressOf(request);
    if (address === null) return handler(request, response);
    const network = networkOf(address);
    const before = inFlight.get(network) ?? 0;
    if (before >= limit) {
      const description = `Too many concurrent requests from ${address}. Wait for some of them to finish.`;
      const refusal = { code: 'temporarily_unavailable', description, status: 429, retryAfter: 1 };
      sendRefusal(request, response, refusal);
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
