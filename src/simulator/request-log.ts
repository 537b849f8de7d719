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
  /** The id of the token it bore, whichever deployment's; `unknown` for one never issued here, null for none. */
  tokenId: string | null;
}

/** Writes each request down before anything answers it, spoiled ones too. */
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
