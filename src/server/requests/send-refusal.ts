import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendOAuthError } from '../../api/oauth-error.ts';
import type { Refusal } from '../../api/refusal.ts';
import { isRelayTarget } from '../../config/issuer.ts';
import { sendScimError } from '../../relay/scim-error.ts';

/** Refuses a request in the form that its client reads: a SCIM error from the relay, an OAuth error otherwise. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (isRelayTarget(request.url ?? '')) sendScimError(response, refusal);
  else sendOAuthError(response, refusal);
}
