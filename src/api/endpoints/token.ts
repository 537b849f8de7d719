import type { RequestHandler } from 'express';
import { defaultMaxExpiresIn } from '../../domain/client.ts';
import { knownEnd } from '../../domain/lifetimes.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { secondsLeft } from '../../output/token-output.ts';
import type { Lookup } from '../../store/token-requests/token-request-store.ts';
import { isUuid } from '../../webex/organization-id.ts';
import type { ApiContext } from '../context.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';
import { apiPaths } from '../paths.ts';
import {
  ClientRequest,
  clientEndpoint,
  type IncomingRequest,
  type RequestOutcome,
} from '../request/client-request.ts';
import type { Form } from '../request/form.ts';
import { missingKeyError } from '../tokens/missing-key.ts';
import { comparableResource } from '../tokens/resource.ts';
import { selectToken, type TokenQuery } from '../tokens/select-token.ts';

/** `POST /oauth/token`: RFC 6749 §4.4, the grant type `client_credentials`. */
export function tokenEndpoint(context: ApiContext): RequestHandler {
  const make = (incoming: IncomingRequest) => new TokenRequest(incoming);
  return clientEndpoint(context, { action, path: apiPaths.token, make });
}

/** What the audit log calls a request for a token. */
const action = 'read';

class TokenRequest extends ClientRequest {
  readonly orgId: string | null;
  /** Enough to know that the client has to say which. */
  readonly profileLimit = 2;
  readonly #query: TokenQuery;
  /** What is wrong with the request. Only an authenticated client is told. */
  readonly #problem: OAuthErrorResponse | null;

  constructor(incoming: IncomingRequest) {
    super(action, incoming);
    const { form } = incoming;
    const [resource = null, ...others] = new Set(
      form.resources.map((text) => comparableResource(text) ?? ''),
    );
    this.#query = { resource, scope: form.get('scope') ?? null };
    this.#problem = problemOf(form, others.length > 0);
    // A tenant URL ends in the organization's ID. Nothing else goes to the store.
    const last = resource?.slice(resource.lastIndexOf('/') + 1) ?? '';
    this.orgId = isUuid(last) ? last : null;
  }

  protected outcome(found: Lookup, now: number): RequestOutcome {
    const { vault, tokenCache, log } = this.context;
    if (this.#problem !== null) return { profile: null, refusal: this.#problem };
    const selection = selectToken(found.profiles, this.#query, vault.settings.webex, now);
    const profile = selection.profile?.profile ?? null;
    if (!selection.ok) return { profile, refusal: selection.refusal };
    try {
      const json = JSON.stringify({
        access_token: tokenCache.open(selection.token, selection.profile),
        token_type: 'Bearer',
        expires_in: expiresIn(selection.token.expiresAt, found.client.maxExpiresIn, now),
        scope: selection.scopes.join(' '),
      });
      return { profile, json, granted: true };
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      log.error({ err: error, profile }, 'a stored token cannot be tokenCache');
      const refusal = missingKeyError(error);
      if (refusal !== null) return { profile, refusal };
      const description = `The stored token of ${profile} cannot be tokenCache. An administrator renews it with: webex-token login ${profile}`;
      return { profile, refusal: { code: 'server_error', description, status: 500 } };
    }
  }
}

/** Seconds until the client should ask again. Where nobody knows the end, it does so within the hour. */
function expiresIn(expiresAt: number, maxExpiresIn: number | null, now: number): number {
  const end = knownEnd(expiresAt);
  const left = end === null ? defaultMaxExpiresIn : secondsLeft(end, now);
  return Math.min(left, maxExpiresIn ?? defaultMaxExpiresIn);
}

function problemOf(form: Form, severalResources: boolean): OAuthErrorResponse | null {
  const grantType = form.get('grant_type');
  if (grantType === undefined) {
    return {
      code: 'invalid_request',
      description: 'grant_type is missing. It has to be client_credentials.',
    };
  }
  if (grantType !== 'client_credentials') {
    return { code: 'unsupported_grant_type', description: 'The only grant_type here is client_credentials.' };
  }
  if (severalResources) {
    return {
      code: 'invalid_target',
      description: 'A token is good for one resource: ask for one at a time.',
    };
  }
  return null;
}
