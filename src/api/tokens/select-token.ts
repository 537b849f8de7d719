import type { GrantedProfile, StoredToken } from '../../store/token-requests/token-request-store.ts';
import type { Deployment } from '../../webex/deployments.ts';
import { tenantUrl, type WebexEndpoints } from '../../webex/deployments.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';
import { comparableResource } from './resource.ts';

/** A token that ends sooner is not given out any more. Milliseconds. */
const leastLeftMs = 5_000;

export type Selection =
  | { ok: true; profile: GrantedProfile; token: StoredToken; scopes: string[] }
  | { ok: false; profile: GrantedProfile | null; refusal: OAuthErrorResponse };

/** What a request asks for. */
export interface TokenQuery {
  /** A tenant URL (RFC 8707) as `comparableResource` writes it, empty where it can be none; null where none was named. */
  resource: string | null;
  /** RFC 6749 §3.3; null where there was none. */
  scope: string | null;
}

/** Which of the profiles that the client may fetch is meant, and whether its token can be handed out. */
export function selectToken(
  profiles: GrantedProfile[],
  query: TokenQuery,
  webex: Record<Deployment, WebexEndpoints>,
  now: number,
): Selection {
  const meant =
    query.resource === null
      ? profiles
      : profiles.filter(
          ({ deployment, orgId }) =>
            orgId !== null && comparableResource(tenantUrl(webex[deployment], orgId)) === query.resource,
        );
  const [profile] = meant;
  if (profile === undefined || meant.length > 1)
    return { ok: false, profile: null, refusal: whichOne(meant, query) };

  const { token } = profile;
  const refusal = token === null ? none(profile) : unusable(profile, token, now);
  if (refusal !== null || token === null) return { ok: false, profile, refusal: refusal ?? none(profile) };

  const scopes = JSON.parse(token.scopes) as string[];
  const missing = query.scope?.split(' ').find((scope) => scope !== '' && !scopes.includes(scope));
  if (missing !== undefined) {
    const description = `The token has not the scope ${missing.slice(0, 80)}, only: ${scopes.join(' ')}`;
    return { ok: false, profile, refusal: { code: 'invalid_scope', description } };
  }
  return { ok: true, profile, token, scopes };
}

function whichOne(meant: GrantedProfile[], query: TokenQuery): OAuthErrorResponse {
  if (query.resource !== null) {
    const description =
      meant.length > 1
        ? "Several of this client's profiles have that tenant URL. Register a client for one of them."
        : 'This client may not fetch a token for that resource. It has to be the tenant URL of one of its profiles, as webex-token show prints it.';
    return { code: 'invalid_target', description };
  }
  if (meant.length > 1) {
    return {
      code: 'invalid_target',
      description:
        'This client may fetch several profiles. Name one: resource=TENANT_URL, as webex-token show prints it.',
    };
  }
  return {
    code: 'unauthorized_client',
    description:
      'No profile is left that this client may fetch. An administrator can add the client anew: webex-token client add',
  };
}

function none({ profile }: GrantedProfile): OAuthErrorResponse {
  return {
    code: 'invalid_grant',
    description: `The profile ${profile} holds no token. An administrator gets one with: webex-token login ${profile}`,
  };
}

function unusable({ profile }: GrantedProfile, token: StoredToken, now: number): OAuthErrorResponse | null {
  const { expiresAt, rejectedAt } = token;
  const renew = `An administrator renews it with: webex-token login ${profile}`;
  // Some clients take an `expires_in` of 0 for no end at all, and none can do anything with the last seconds.
  if (expiresAt - now < leastLeftMs) {
    const since = new Date(expiresAt).toISOString();
    return {
      code: 'invalid_grant',
      description: `The token of ${profile} ${expiresAt <= now ? 'expired' : 'expires'} at ${since}. ${renew}`,
    };
  }
  if (rejectedAt !== null) {
    const since = new Date(rejectedAt).toISOString();
    return {
      code: 'invalid_grant',
      description: `Webex no longer accepts the token of ${profile}, as it said at ${since}. ${renew}`,
    };
  }
  return null;
}
