import { allowInsecureRequests, buildAuthorizationUrl, Configuration, randomState } from 'openid-client';
import { assertSecureUrl } from '../../http/secure-url.ts';

export interface AuthorizeRequest {
  /** The ID broker's address, e.g. `https://idbroker.webex.com/idb`. */
  idbroker: string;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  /** Uses the broker's single sign-on page, as in Microsoft's tutorial: it asks for a sign-in even if a session is open. */
  freshSignIn?: boolean;
}

/**
 * The address that a person opens to sign in (RFC 6749 §4.2.1): except for the state, the documented URL byte for byte.
 * Throws `E_INSECURE_ADDRESS` for a broker that is neither https nor on this machine.
 */
export function authorizeUrl(request: AuthorizeRequest): string {
  const { idbroker, clientId, redirectUri, scopes, state } = request;
  assertSecureUrl(idbroker);
  const configuration = new Configuration(
    { issuer: idbroker, authorization_endpoint: `${idbroker}/oauth2/v1/authorize` },
    clientId,
  );
  // Plain http, which was accepted above only for a broker on this machine, such as the simulator.
  allowInsecureRequests(configuration);
  const url = buildAuthorizationUrl(configuration, {
    response_type: 'token',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
  });
  // Form encoding writes a space as "+" (and a plus as %2B). The documented URL has %20.
  const plain = url.href.replaceAll('+', '%20');
  return request.freshSignIn
    ? `${idbroker}/saml2/jsp/doSSO.jsp?type=login&goto=${encodeURIComponent(plain)}`
    : plain;
}

/**
 * The sign-out address of Webex, as in Webex's JavaScript SDK. It is not known whether the broker supports `goto` for the
 * documented client, so nothing may depend on the redirect back.
 */
export function logoutUrl(idbroker: string, goto?: string): string {
  const back = goto === undefined ? '' : `&goto=${encodeURIComponent(goto)}`;
  return `${idbroker}/oauth2/v1/logout?cisService=webex${back}`;
}

/** Creates a state: 256 random bits in base64url (RFC 6749 §10.12). */
export function newState(): string {
  return randomState();
}
