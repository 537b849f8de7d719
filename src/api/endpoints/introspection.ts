import type { RequestListener } from 'node:http';
import { knownEnd } from '../../domain/lifetimes.ts';
import { parseListColumn } from '../../store/database/stored-json.ts';
import {
  type GrantedProfile,
  type Lookup,
  RetryLater,
  type StoredToken,
} from '../../store/token-requests/token-request-store.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { describeAccessToken } from '../../webex/sign-in/access-token.ts';
import type { ApiContext } from '../context.ts';
import { apiPaths } from '../paths.ts';
import {
  ClientRequest,
  clientEndpoint,
  type IncomingRequest,
  type RequestOutcome,
} from '../request/client-request.ts';
import { digestOf } from '../tokens/decrypted-token-cache.ts';
import { missingKeyError } from '../tokens/missing-key.ts';

/** `POST /oauth/introspect` (RFC 7662). For a token that the client may not get, the response is `active: false`. */
export function introspection(context: ApiContext): RequestListener {
  const make = (incoming: IncomingRequest) => new IntrospectionRequest(incoming);
  return clientEndpoint(context, { action, path: apiPaths.introspection, make });
}

/** The action in the audit log. */
const action = 'introspect';

class IntrospectionRequest extends ClientRequest {
  /** The organization in the token, if it contains one. Then only that organization's tokens have to be decrypted. */
  readonly orgId: string | null;
  /** For a token without an organization. Limited, so that a client with many profiles does not delay others. */
  readonly profileLimit = 1_000;
  /** Webex accepts a replaced token until it expires. A token that needs review was never issued to a client. */
  override readonly withPrevious = true;
  readonly #token: string | undefined;

  constructor(incoming: IncomingRequest) {
    super(action, incoming);
    this.#token = incoming.form.get('token');
    this.orgId = this.#token === undefined ? null : describeAccessToken(this.#token).orgId;
  }

  protected outcome(found: Lookup, now: number): RequestOutcome {
    if (this.#token === undefined) {
      return {
        profile: null,
        refusal: { code: 'invalid_request', description: 'The parameter token is missing.' },
      };
    }
    try {
      return this.#describe(found, this.#token, now);
    } catch (error) {
      const refusal = missingKeyError(error);
      if (refusal === null) throw error;
      return { profile: null, refusal };
    }
  }

  #describe(found: Lookup, value: string, now: number): RequestOutcome {
    const match = this.#find(found.profiles, value, now);
    if (match === null) return { profile: null, json: '{"active":false}', granted: false };
    const { issuer, vault } = this.context;
    const { deployment, orgId, profile } = match;
    const json = JSON.stringify({
      active: true,
      scope: parseListColumn(match.token.scopes, 'token.scopes').join(' '),
      client_id: this.client,
      token_type: 'Bearer',
      ...(knownEnd(match.token.expiresAt) !== null && { exp: Math.floor(match.token.expiresAt / 1000) }),
      ...(orgId !== null && { aud: tenantUrl(vault.settings.webex[deployment], orgId) }),
      iss: issuer,
    });
    return { profile, json, granted: true };
  }

  #find(
    profiles: GrantedProfile[],
    value: string,
    now: number,
  ): (GrantedProfile & { token: StoredToken }) | null {
    const { profile, token } = this.#byDigest(profiles).get(digestOf(value)) ?? {};
    if (profile === undefined || token === undefined) return null;
    return token.expiresAt <= now ? null : { ...profile, token };
  }

  /** The tokens of a lookup by digest, computed once for all requests that share the lookup. */
  #byDigest(profiles: GrantedProfile[]): TokensByDigest {
    const known = byDigest.get(profiles);
    if (known !== undefined) return known;
    const tokens: TokensByDigest = new Map();
    for (const profile of profiles) {
      const { token } = profile;
      const digest = token === null ? null : this.#digest(token, profile);
      if (token === null || digest === null || token.rejectedAt !== null) continue;
      // The same token may be stored twice. The later expiry date counts.
      const other = tokens.get(digest);
      if (other === undefined || other.token.expiresAt < token.expiresAt)
        tokens.set(digest, { profile, token });
    }
    byDigest.set(profiles, tokens);
    return tokens;
  }

  #digest(token: StoredToken, profile: GrantedProfile): string | null {
    try {
      return this.context.tokenCache.digest(token, profile);
    } catch (error) {
      // Skip only tokens that can never be decrypted.
      if (error instanceof RetryLater || missingKeyError(error) !== null) throw error;
      this.logError(error, 'a stored token cannot be decrypted', { profile: profile.profile });
      return null;
    }
  }
}

type TokensByDigest = Map<string, { profile: GrantedProfile; token: StoredToken }>;

const byDigest = new WeakMap<GrantedProfile[], TokensByDigest>();
