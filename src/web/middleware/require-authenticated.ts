import type { RequestHandler } from 'express';
import { unauthenticated } from '../errors/unauthenticated.ts';

/** Allows only sessions that a one-time link opened. The response to others does not reveal what exists. */
export const requireAuthenticated: RequestHandler = (request, _response, next) => {
  next(request.session.authenticated === true ? undefined : unauthenticated(request));
};
