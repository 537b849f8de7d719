import { randomBytes } from 'node:crypto';
import type { Response } from 'express';

const known: Record<number, [code: string, summary: string]> = {
  400: ['E0000001', 'Api validation failed: profile'],
  401: ['E0000011', 'Invalid token provided'],
  403: ['E0000006', 'You do not have permission to perform the requested action'],
  404: ['E0000007', 'Not found: Resource not found: (AppInstance)'],
  429: ['E0000047', 'API call exceeded rate limit due to too many requests.'],
  500: ['E0000009', 'Internal Server Error'],
  503: ['E0000010', 'Service is in read only mode'],
};

/** Formats errors as Okta's management API does. With 429, Okta's own header says when the limit ends. */
export function sendOktaError(response: Response, status: number, summary?: string): void {
  const [errorCode, usual] = known[status] ?? ['E0000009', 'Internal Server Error'];
  if (status === 429 && !response.getHeader('retry-after')) {
    response.set('X-Rate-Limit-Reset', String(Math.ceil(Date.now() / 1000) + 1));
  }
  response.status(status).json({
    errorCode,
    errorSummary: summary ?? usual,
    errorLink: errorCode,
    errorId: `oae${randomBytes(12).toString('base64url')}`,
    errorCauses: [],
  });
}
