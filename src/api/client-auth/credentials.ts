import { OAuthError } from '../oauth-error.ts';
import { type Form, formDecode } from '../request/form.ts';

/** The unverified credentials of a request. */
export type Credentials =
  | { kind: 'secret'; client: string; secret: string }
  | { kind: 'assertion'; client: string | null; assertion: string }
  | { kind: 'none'; client: string | null; why: string };

/** RFC 7523 §2.2. */
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads the client authentication of RFC 6749 §2.3.1 (`client_secret_basic`, `client_secret_post`) and RFC 7523
 * (`private_key_jwt`). Throws `OAuthError` if it is malformed, or if there is more than one method (§2.3) and the
 * credentials differ.
 */
export function readCredentials(authorization: string | undefined, form: Form): Credentials {
  const clientId = form.get('client_id');
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const type = form.get('client_assertion_type');

  const methods = [authorization, secret, assertion ?? type].filter((each) => each !== undefined);
  const twice = authorization !== undefined && secret !== undefined && methods.length === 2;
  if (methods.length > 1 && !twice) throw severalMethods();
  if (authorization !== undefined) {
    const basic = basicCredentials(authorization, clientId);
    // Entra ID calls the same credentials in both places "Both".
    if (twice && !(basic.kind === 'secret' && basic.secret === secret)) throw severalMethods();
    return basic;
  }
  if (secret !== undefined) {
    if (clientId === undefined) throw new OAuthError('invalid_request', 'client_secret requires client_id.');
    return { kind: 'secret', client: clientId, secret };
  }
  if (assertion !== undefined || type !== undefined) {
    if (type !== jwtBearer) {
      throw new OAuthError('invalid_request', `client_assertion_type must be ${jwtBearer}`);
    }
    if (assertion === undefined) throw new OAuthError('invalid_request', 'client_assertion is missing.');
    return { kind: 'assertion', client: clientId ?? null, assertion };
  }
  return { kind: 'none', client: clientId ?? null, why: 'The request has no client authentication.' };
}

function severalMethods(): OAuthError {
  const description =
    'Use one client authentication method. Two are accepted only with the same client_id and secret.';
  return new OAuthError('invalid_request', description);
}

function basicCredentials(authorization: string, clientId: string | undefined): Credentials {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) {
    const why = 'The Authorization header must be Basic, with client_id:client_secret in base64.';
    return { kind: 'none', client: clientId ?? null, why };
  }
  const client = formDecode(decoded.slice(0, colon));
  if (client === '')
    return {
      kind: 'none',
      client: clientId ?? null,
      why: 'The Authorization header has an empty client_id.',
    };
  if (clientId !== undefined && clientId !== client) {
    throw new OAuthError('invalid_request', 'client_id differs from the one in the Authorization header.');
  }
  return { kind: 'secret', client, secret: formDecode(decoded.slice(colon + 1)) };
}
