import { randomUUID } from 'node:crypto';
import type { Response } from 'express';

const known: Record<number, [code: string, message: string]> = {
  400: ['BadRequest', 'The request is not understood.'],
  401: ['InvalidAuthenticationToken', 'Access token is missing, expired or of another audience.'],
  403: ['Authorization_RequestDenied', 'Insufficient privileges to complete the operation.'],
  404: [
    'Request_ResourceNotFound',
    'The resource does not exist, or one of its queried references does not.',
  ],
  409: ['Conflict', 'The directory object is not settled yet.'],
  429: ['TooManyRequests', 'Too many requests.'],
  500: ['InternalServerError', 'An error has occurred.'],
  503: ['ServiceUnavailable', 'The service is unavailable.'],
};

/** Sends an error in the format of Microsoft Graph. */
export function sendGraphError(response: Response, status: number, code?: string, message?: string): void {
  const [usualCode, usualMessage] = known[status] ?? ['UnknownError', 'Something went wrong.'];
  response.status(status).json({
    error: {
      code: code ?? usualCode,
      message: message ?? usualMessage,
      innerError: { date: new Date().toISOString(), 'request-id': randomUUID() },
    },
  });
}
