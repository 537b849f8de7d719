import type { ServerResponse } from 'node:http';
import { type Refusal, statusOf } from '../api/refusal.ts';
import { send } from '../api/responses.ts';

/** RFC 7644 §3.12. A provisioning tool reads nothing else, not even for 429 and 503. */
const schema = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** RFC 6750 §3. */
const challenge = 'Bearer realm="SCIM relay"';

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
    ...(status === 401 && { 'WWW-Authenticate': challenge }),
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(allow !== undefined && { Allow: allow }),
    // Do not wait for the rest of a body that nobody reads.
    ...(!response.req.complete && { Connection: 'close' }),
  });
  return status;
}

/** A client that is known but may not do this gets 403, so that its secret is not taken for a wrong one. */
function scimStatusOf(refusal: Refusal): number {
  return refusal.code === 'unauthorized_client' ? 403 : statusOf(refusal);
}
