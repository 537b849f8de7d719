import { allowInsecureRequests, buildAuthorizationUrl, Configuration, randomState } from 'openid-client';
import { assertSecureUrl } from '../../http/secure-url.ts';

export interface AuthorizeRequest {
  /** The ID broker's address, e.g. `https://idbroker.webex.com/idb`. */
  idbroker: string;
  clientId: string;
  redirectUri: string;
  scopes: readonly string[];
  state: string;
  /** Through the broker's single sign-on page, as in Microsoft's tutorial: asks for a sign-in even where one is open. */
  freshSignIn?: boolean;
}

/**
 * The address a person opens to sign in (RFC 6749 §4.2.1): the documented URL byte for byte, the state aside.
 * Throws `E_INSECURE_ADDRESS` for a broker that is neither https nor on this machine.
 */
export function authorizeUrl(request: AuthorizeRequest): string {
  const { idbroker, clientId, redirectUri, scopes, state } = request;
  const { protocol } = assertSecureUrl(idbroker);
  const configuration = new Configuration(
    { issuer: idbroker, authorization_endpoint: `${idbroker}/oauth2/v1/authorize` },
    clientId,
  );
  // Only a broker on this machine can be plain http here: the simulated one.
  if (protocol === 'http:') allowInsecureRequests(configuration);
  const url = buildAuthorizationUrl(configuration, {
    response_type: 'token',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
  });
  // Form encoding writes a space as "+" (a real plus is %2B); the documents write %20.
  const plain = url.href.replaceAll('+', '%20');
  return request.freshSignIn
    ? `${idbroker}/saml2/jsp/doSSO.jsp?type=login&goto=${encodeURIComponent(plain)}`
    : plain;
}

/**
 * Where a person signs out of Webex, as Webex's own JavaScript SDK builds it. Whether the broker supports
 * `goto` for the documented client is not known, so nothing may depend on coming back.
 */
export function logoutUrl(idbroker: string, goto?: string): string {
  const back = goto === undefined ? '' : `&goto=${encodeURIComponent(goto)}`;
  return `${idbroker}/oauth2/v1/logout?cisService=webex${back}`;
}

/** A fresh state: 256 random bits as base64url (RFC 6749 §10.12). */
export function newState(): string {
  return randomState();
}
