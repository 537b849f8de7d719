import type { Request, RequestHandler } from 'express';
import type { Deployment } from '../../webex/deployments.ts';
import type { SimulatedToken, TokenRegistry } from './tokens.ts';
import { sendWebexError } from './webex-error.ts';

const callers = new WeakMap<Request, SimulatedToken>();

/** The token in the `Authorization` header (RFC 6750 §2.1), the only place where Webex accepts one. */
export function bearerOf(request: { headers: { authorization?: string | undefined } }): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** Accepts only requests with a token of this deployment that is neither expired nor revoked. */
export function requireBearer(tokens: TokenRegistry, deployment: Deployment): RequestHandler {
  return (request, response, next) => {
    const token = tokens.find(bearerOf(request) ?? '');
    if (token === undefined || !tokens.accepts(token, deployment)) {
      sendWebexError(response, 401);
      return;
    }
    callers.set(request, token);
    next();
  };
}

/** The account of the request's token. Use it after `requireBearer`. */
export function callerOf(request: Request): SimulatedToken {
  const token = callers.get(request);
  if (token === undefined) throw new Error('callerOf() without requireBearer() before it');
  return token;
}
