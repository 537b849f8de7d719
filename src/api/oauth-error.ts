import type { ServerResponse } from 'node:http';
import { requestIdOf } from '../http/request-ids.ts';
import { type Refusal, statusOf } from './refusal.ts';
import { sendJson } from './responses.ts';

/** The codes of RFC 6749 §5.2 and RFC 8707 §2, and §4.1.2.1's `server_error` and `temporarily_unavailable`. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'server_error'
  | 'temporarily_unavailable';

/** An error response to a client. Its description becomes `error_description`: ASCII without quotes and backslashes. */
export interface OAuthErrorResponse extends Refusal {
  code: OAuthErrorCode;
}

/** Thrown for an error in the request itself. */
export class OAuthError extends Error {
  readonly refusal: OAuthErrorResponse;

  constructor(code: OAuthErrorCode, description: string, status?: number) {
    super(description);
    this.refusal = { code, description, ...(status !== undefined && { status }) };
  }
}

/** The challenge of RFC 7617. Credentials in the body work too. */
const challenge = 'Basic realm="webex-token", charset="UTF-8"';

export function sendOAuthError(response: ServerResponse, refusal: Refusal): void {
  const { code, description, retryAfter, allow } = refusal;
  const status = statusOf(refusal);
  sendJson(response, status, JSON.stringify({ error: code, error_description: printable(description) }), {
    // RFC 9110 §11.6.1 requires this header in every 401 and allows it elsewhere, for example in a 429.
    ...((status === 401 || code === 'invalid_client') && { 'WWW-Authenticate': challenge }),
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(allow !== undefined && { Allow: allow }),
    // The server log has more details under this ID.
    ...(status >= 500 && { 'X-Request-Id': requestIdOf(response) }),
    // Do not wait for the rest of a body that is too large.
    ...(status === 413 && { Connection: 'close' }),
  });
}

/** RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}
