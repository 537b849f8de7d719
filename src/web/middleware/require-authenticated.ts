import type { RequestHandler } from 'express';
import { unauthenticated } from '../errors/unauthenticated.ts';

/** Allows only sessions that were opened by a one-time link. Any other request learns nothing, not even what exists. */
export const requireAuthenticated: RequestHandler = (request, _response, next) => {
  next(request.session.authenticated === true ? undefined : unauthenticated());
};
