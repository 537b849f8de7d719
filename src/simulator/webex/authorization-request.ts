import { documentedClientId, documentedScopes } from '../../webex/documented-values.ts';

/** A valid authorization request, which can get a redirect as its response. */
export interface AuthorizationRequest {
  redirectUri: string;
  scopes: string[];
  state: string | null;
}

export type CheckedRequest =
  | { kind: 'good'; request: AuthorizationRequest }
  /** An error that a page shows: the browser must not be redirected to an unregistered address (RFC 6749 §4.2.2.1). */
  | { kind: 'refused'; reason: string }
  /** An error that is sent to the client at its redirect URI. */
  | { kind: 'error'; request: AuthorizationRequest; error: string; description: string };

/** Webex has only port 3000 registered. Tests use other ports, so only the path is compared. */
const registeredRedirectUri = /^http:\/\/localhost:\d{1,5}\/auth\/code$/;

/** Checks the query of `GET …/oauth2/v1/authorize` (RFC 6749 §4.2.1). */
export function checkAuthorizationRequest(query: URLSearchParams): CheckedRequest {
  const repeated = [...query.keys()].find((key) => query.getAll(key).length > 1);
  if (repeated !== undefined) return { kind: 'refused', reason: `The parameter ${repeated} is there twice.` };
  if (query.get('client_id') !== documentedClientId) {
    return { kind: 'refused', reason: 'No application is registered under this client_id.' };
  }
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!registeredRedirectUri.test(redirectUri)) {
    return {
      kind: 'refused',
      reason: 'The redirect_uri is not one that is registered for this application.',
    };
  }
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const request = { redirectUri, scopes, state: query.get('state') };
  if (query.get('response_type') !== 'token') {
    return { kind: 'error', request, error: 'invalid_request', description: 'response_type must be token' };
  }
  const stranger = scopes.find((scope) => !documentedScopes.includes(scope));
  if (stranger !== undefined || scopes.length === 0) {
    return {
      kind: 'error',
      request,
      error: 'invalid_scope',
      description: stranger === undefined ? 'No scope was asked for' : `Unknown scope ${stranger}`,
    };
  }
  return { kind: 'good', request };
}
