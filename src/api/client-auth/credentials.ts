import { OAuthError } from '../oauth-error.ts';
import { type Form, formDecode } from '../request/form.ts';

/** How a request says who asks, before anything of it is believed. */
export type Credentials =
  | { kind: 'secret'; client: string; secret: string }
  | { kind: 'assertion'; client: string | null; assertion: string }
  | { kind: 'none'; client: string | null; why: string };

/** RFC 7523 §2.2. */
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Reads the client authentication of RFC 6749 §2.3.1 (`client_secret_basic`, `client_secret_post`) and RFC 7523
 * (`private_key_jwt`). Throws `OAuthError` where it is malformed, or where there is more than one (§2.3),
 * unless both say the same.
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
    // Entra ID calls this "Both": the same credentials in both places.
    if (twice && !(basic.kind === 'secret' && basic.secret === secret)) throw severalMethods();
    return basic;
  }
  if (secret !== undefined) {
    if (clientId === undefined)
      throw new OAuthError('invalid_request', 'client_secret needs a client_id beside it.');
    return { kind: 'secret', client: clientId, secret };
  }
  if (assertion !== undefined || type !== undefined) {
    if (type !== jwtBearer) {
      throw new OAuthError('invalid_request', `client_assertion_type has to be ${jwtBearer}`);
    }
    if (assertion === undefined) throw new OAuthError('invalid_request', 'client_assertion is missing.');
    return { kind: 'assertion', client: clientId ?? null, assertion };
  }
  return { kind: 'none', client: clientId ?? null, why: 'The request has no client authentication.' };
}

function severalMethods(): OAuthError {
  const description =
    'Use one method of client authentication, not several at once, unless they give the same client_id and secret.';
  return new OAuthError('invalid_request', description);
}

function basicCredentials(authorization: string, clientId: string | undefined): Credentials {
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  const decoded = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon === -1) {
    const why = 'Authorization has to be Basic, with client_id:client_secret in base64.';
    return { kind: 'none', client: clientId ?? null, why };
  }
  const client = formDecode(decoded.slice(0, colon));
  if (client === '') return { kind: 'none', client: clientId ?? null, why: 'Authorization names no client.' };
  if (clientId !== undefined && clientId !== client) {
    throw new OAuthError(
      'invalid_request',
      'client_id is another one than that of the Authorization header.',
    );
  }
  return { kind: 'secret', client, secret: formDecode(decoded.slice(colon + 1)) };
}
