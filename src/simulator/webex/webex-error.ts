import { randomUUID } from 'node:crypto';
import type { Response } from 'express';

export type WebexErrorStatus = 400 | 401 | 403 | 404 | 429 | 500 | 503;

const messages: Record<WebexErrorStatus, string> = {
  400: 'The request could not be understood.',
  401: 'The request requires a valid access token set in the Authorization request header.',
  403: 'The server understood the request, but refused to fulfill it because the access token is missing required scopes or the user is missing required roles or licenses.',
  404: 'The requested resource could not be found.',
  429: 'Too many requests have been sent in a given amount of time. Retry after the time given in the Retry-After header.',
  500: 'Something went wrong on the server.',
  503: 'Server is overloaded with requests. Try again later.',
};

/** Sends an error in the format of the Webex REST API. */
export function sendWebexError(
  response: Response,
  status: WebexErrorStatus,
  message = messages[status],
): void {
  const trackingId = `SIMULATOR_${randomUUID()}`;
  response.status(status).set('trackingid', trackingId);
  if (status === 401) response.set('WWW-Authenticate', 'Bearer realm="Simulated Webex"');
  response.json({ message, errors: [{ description: message }], trackingId });
}
