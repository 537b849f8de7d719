import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendOAuthError } from '../../api/oauth-error.ts';
import type { Refusal } from '../../api/refusal.ts';
import { isRelayTarget } from '../../config/issuer.ts';
import { sendScimError } from '../../relay/scim-error.ts';

/** Rejects a request in the format that its client expects: a SCIM error from the relay, otherwise an OAuth error. */
export function sendRefusal(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  if (isRelayTarget(request.url ?? '')) sendScimError(response, refusal);
  else sendOAuthError(response, refusal);
}
