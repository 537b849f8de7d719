import type { RequestHandler } from 'express';
import { BrokerError } from '../../errors/broker-error.ts';

/** Lets in only browsers that came by a one-time link. Everybody else learns nothing, not even what exists. */
export const requireAuthenticated: RequestHandler = (request, _response, next) => {
  next(request.session.authenticated === true ? undefined : unauthenticated());
};

export function unauthenticated(): BrokerError {
  return new BrokerError('E_UNAUTHENTICATED', 'This page is for the person at this machine.', {
    help: 'Run "webex-token open" in a terminal: it opens this page with a link that works once.',
  });
}
