import type { RequestHandler } from 'express';
import type { Deployment } from '../webex/deployments.ts';
import { bearerOf } from './webex/bearer.ts';
import type { TokenRegistry } from './webex/tokens.ts';

export interface RecordedRequest {
  deployment: Deployment;
  method: string;
  /** Without the query. */
  path: string;
  /** Epoch milliseconds by the simulator's clock. */
  time: number;
  /** The ID of the request's token, of either deployment; `unknown` if it was not issued here, null without a token. */
  tokenId: string | null;
}

/** Records each request before it is handled, including those with an injected fault. */
export function recordRequests(
  log: RecordedRequest[],
  { deployment, tokens, now }: { deployment: Deployment; tokens: TokenRegistry; now: () => number },
): RequestHandler {
  return (request, _response, next) => {
    const bearer = bearerOf(request);
    const tokenId = bearer === undefined ? null : (tokens.find(bearer)?.id ?? 'unknown');
    log.push({ deployment, method: request.method, path: request.path, time: now(), tokenId });
    next();
  };
}
