import { commandLine } from '../../errors/remedy.ts';
import { parseListColumn } from '../../store/database/stored-json.ts';
import type { GrantedProfile, StoredToken } from '../../store/token-requests/token-request-store.ts';
import { instant } from '../../text/instant.ts';
import type { Deployment } from '../../webex/deployments.ts';
import { tenantUrl, type WebexEndpoints } from '../../webex/deployments.ts';
import type { OAuthErrorResponse } from '../oauth-error.ts';
import { comparableResource } from './resource.ts';

/** A token that expires sooner is not issued. Milliseconds. */
const minRemainingMs = 5_000;

export type Selection =
  | { ok: true; profile: GrantedProfile; token: StoredToken; scopes: string[] }
  | { ok: false; profile: GrantedProfile | null; refusal: OAuthErrorResponse };

/** The token that a request asks for. */
export interface TokenQuery {
  /** A tenant URL (RFC 8707) normalized by `comparableResource`, empty if it is invalid; null if none was given. */
  resource: string | null;
  /** RFC 6749 §3.3; null if none was given. */
  scope: string | null;
}

/** Selects the profile that the request is for, and checks that its token can be issued. */
export function selectToken(
  profiles: GrantedProfile[],
  query: TokenQuery,
  webex: Record<Deployment, WebexEndpoints>,
  now: number,
): Selection {
  const matching =
    query.resource === null
      ? profiles
      : profiles.filter(
          ({ deployment, orgId }) =>
            orgId !== null && comparableResource(tenantUrl(webex[deployment], orgId)) === query.resource,
        );
  const [profile] = matching;
  if (profile === undefined || matching.length > 1)
    return { ok: false, profile: null, refusal: ambiguityError(matching, query) };

  const { token } = profile;
  const refusal = token === null ? noTokenError(profile) : unusableError(profile, token, now);
  if (refusal !== null || token === null)
    return { ok: false, profile, refusal: refusal ?? noTokenError(profile) };

  const scopes = parseListColumn(token.scopes, 'token.scopes');
  const missing = query.scope?.split(' ').find((scope) => scope !== '' && !scopes.includes(scope));
  if (missing !== undefined) {
    const description = `The token was not granted the scope ${missing.slice(0, 80)}. Granted: ${scopes.join(' ')}`;
    return { ok: false, profile, refusal: { code: 'invalid_scope', description } };
  }
  return { ok: true, profile, token, scopes };
}

function ambiguityError(matching: GrantedProfile[], query: TokenQuery): OAuthErrorResponse {
  if (query.resource !== null) {
    const description =
      matching.length > 1
        ? 'Several profiles of this client have this tenant URL. Register one client per profile.'
        : `This client has no access to this resource. Use the tenant URL of one of its profiles: ${commandLine(['show', 'PROFILE'])}`;
    return { code: 'invalid_target', description };
  }
  if (matching.length > 1) {
    return {
      code: 'invalid_target',
      description: `This client has access to several profiles. Choose one with resource=TENANT_URL. To print the URL: ${commandLine(['show', 'PROFILE'])}`,
    };
  }
  return {
    code: 'unauthorized_client',
    description: `This client no longer has access to any profile. Ask an administrator to create it again: ${commandLine(['client', 'add'])}`,
  };
}

function noTokenError({ profile }: GrantedProfile): OAuthErrorResponse {
  return {
    code: 'invalid_grant',
    description: `The profile ${profile} has no token. Ask an administrator to sign in: ${commandLine(['login', profile])}`,
  };
}

function unusableError(
  { profile }: GrantedProfile,
  token: StoredToken,
  now: number,
): OAuthErrorResponse | null {
  const { expiresAt, rejectedAt } = token;
  const renew = () => `Ask an administrator to renew it: ${commandLine(['login', profile])}`;
  // Some clients treat an `expires_in` of 0 as unlimited, and none can use the last seconds.
  if (expiresAt - now < minRemainingMs) {
    const since = instant(expiresAt);
    return {
      code: 'invalid_grant',
      description: `The token of ${profile} ${expiresAt <= now ? 'expired' : 'expires'} at ${since}. ${renew()}`,
    };
  }
  if (rejectedAt !== null) {
    const since = instant(rejectedAt);
    return {
      code: 'invalid_grant',
      description: `Webex has rejected the token of ${profile} since ${since}. ${renew()}`,
    };
  }
  return null;
}
