import type { RequestListener } from 'node:http';
import { defaultMaxExpiresIn } from '../../domain/client.ts';
import { knownEnd } from '../../domain/lifetimes.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { commandLine } from '../../errors/remedy.ts';
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

/** `POST /oauth/token`: the grant type `client_credentials` of RFC 6749 §4.4. */
export function tokenEndpoint(context: ApiContext): RequestListener {
  const make = (incoming: IncomingRequest) => new TokenRequest(incoming);
  return clientEndpoint(context, { action, path: apiPaths.token, make });
}

/** The action in the audit log. */
const action = 'read';

class TokenRequest extends ClientRequest {
  readonly orgId: string | null;
  /** Enough to detect that the client has to choose one. */
  readonly profileLimit = 2;
  readonly #query: TokenQuery;
  /** The error in the request. Only an authenticated client gets it. */
  readonly #problem: OAuthErrorResponse | null;

  constructor(incoming: IncomingRequest) {
    super(action, incoming);
    const { form } = incoming;
    const resources = form.resources.map((text) => comparableResource(text) ?? '');
    const [resource = null] = resources;
    this.#query = { resource, scope: form.get('scope') ?? null };
    this.#problem = problemOf(
      form,
      resources.some((each) => each !== resource),
    );
    // A tenant URL ends with the organization ID. Only a valid ID reaches the store.
    const last = resource?.slice(resource.lastIndexOf('/') + 1) ?? '';
    this.orgId = isUuid(last) ? last : null;
  }

  protected outcome(found: Lookup, now: number): RequestOutcome {
    const { vault, tokenCache } = this.context;
    if (this.#problem !== null) return { profile: null, refusal: this.#problem };
    const query = found.client.anyScope === 1 ? { ...this.#query, scope: null } : this.#query;
    const selection = selectToken(found.profiles, query, vault.settings.webex, now);
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
      this.logError(error, 'a stored token cannot be decrypted', { profile });
      const refusal = missingKeyError(error);
      if (refusal !== null) return { profile, refusal };
      const description = `The stored token of ${profile} cannot be decrypted. Ask an administrator to renew it: ${commandLine(['login', profile ?? 'PROFILE'])}`;
      return { profile, refusal: { code: 'server_error', description, status: 500 } };
    }
  }
}

/** Seconds until the client should request a token again; at most an hour if the expiry date is unknown. */
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
      description: 'The parameter grant_type is missing. It must be client_credentials.',
    };
  }
  if (grantType !== 'client_credentials') {
    return {
      code: 'unsupported_grant_type',
      description: 'The only supported grant_type is client_credentials.',
    };
  }
  if (severalResources) {
    return {
      code: 'invalid_target',
      description: 'Only one resource is supported per request.',
    };
  }
  return null;
}
