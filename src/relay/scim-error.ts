import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Refusal, statusOf } from '../api/refusal.ts';
import { send } from '../api/responses.ts';

/** RFC 7644 §3.12. Provisioning tools expect this format in every error response, even for 429 and 503. */
const schema = 'urn:ietf:params:scim:api:messages:2.0:Error';

const challenge = 'Bearer realm="SCIM relay"';

/** RFC 6750 §3: an error code only if the request had a secret. */
function challengeFor({ headers }: IncomingMessage): string {
  return /^Bearer\b/i.test(headers.authorization ?? '') ? `${challenge}, error="invalid_token"` : challenge;
}

/** Returns the status that was sent. */
export function sendScimError(
  response: ServerResponse,
  refusal: Refusal,
  more: Record<string, string> = {},
): number {
  const status = scimStatusOf(refusal);
  const { retryAfter, allow } = refusal;
  const body = JSON.stringify({ schemas: [schema], status: String(status), detail: refusal.description });
  send(response, status, 'application/scim+json', body, {
    ...more,
    ...(status === 401 && { 'WWW-Authenticate': challengeFor(response.req) }),
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(allow !== undefined && { Allow: allow }),
    // Do not wait for the rest of a body that is not read.
    ...(!response.req.complete && { Connection: 'close' }),
  });
  return status;
}

/** A known client without the right for this request gets 403, so that it does not consider its secret wrong. */
function scimStatusOf(refusal: Refusal): number {
  return refusal.code === 'unauthorized_client' ? 403 : statusOf(refusal);
}
