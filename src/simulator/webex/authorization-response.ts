import type { AuthorizationRequest } from './authorization-request.ts';
import type { SignInSettings } from './settings.ts';
import type { SimulatedToken } from './tokens.ts';

/** The two brokers' `iss` values (RFC 9207): this one's and the other deployment's. */
export interface Issuers {
  own: string;
  other: string;
}

/** The redirect URL with a token (RFC 6749 §4.2.2). */
export function successUrl(
  request: AuthorizationRequest,
  token: SimulatedToken,
  settings: SignInSettings,
  issuers: Issuers,
): string {
  const parameters = new URLSearchParams({ access_token: token.accessToken, token_type: 'Bearer' });
  if (settings.expiresIn !== null) parameters.set('expires_in', settings.expiresIn);
  addStateAndIssuer(parameters, request, settings, issuers);
  return `${request.redirectUri}#${parameters}`;
}

/** The redirect URL with an error (RFC 6749 §4.2.2.1). */
export function errorUrl(
  request: AuthorizationRequest,
  error: { error: string; description: string },
  settings: SignInSettings,
  issuers: Issuers,
): string {
  const parameters = new URLSearchParams({ error: error.error, error_description: error.description });
  addStateAndIssuer(parameters, request, settings, issuers);
  return `${request.redirectUri}${settings.errorsIn === 'query' ? '?' : '#'}${parameters}`;
}

function addStateAndIssuer(
  parameters: URLSearchParams,
  { state }: AuthorizationRequest,
  { issuer }: SignInSettings,
  issuers: Issuers,
): void {
  if (state !== null) parameters.set('state', state);
  if (issuer !== 'absent') parameters.set('iss', issuers[issuer]);
}
