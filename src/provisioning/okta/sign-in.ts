import { createPrivateKey } from 'node:crypto';
import { importJWK, importPKCS8, type JWK } from 'jose';
import {
  allowInsecureRequests,
  Configuration,
  type CryptoKey,
  clientCredentialsGrant,
  customFetch,
  type DPoPHandle,
  fetchProtectedResource,
  getDPoPHandle,
  modifyAssertion,
  PrivateKeyJwt,
  randomDPoPKeyPair,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import type { OktaSettings } from '../../config/settings.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { assertSecureUrl } from '../../http/secure-url.ts';
import type { PushContext } from '../push/push-context.ts';
import { signInWithRetry } from '../requests/oauth-failure.ts';
import { recordingFetch } from '../requests/recording-fetch.ts';

/** The header and `fetch` for calls to Okta after the sign-in. The `fetch` may prove possession of a key. */
export interface OktaSession {
  orgUrl: string;
  authorization: string;
  fetch: typeof globalThis.fetch;
  /** Redacted from all of Okta's responses. */
  secrets: string[];
}

/** Okta's API scopes for reading and changing an application's provisioning connection. */
const scope = 'okta.apps.read okta.apps.manage';

/**
 * Signs in to Okta: with the API token if there is one, otherwise as a service app with `private_key_jwt` and DPoP (RFC 9449).
 * Throws `E_SETTING` for missing settings, `E_OKTA_SIGN_IN` if Okta rejects the sign-in, and `E_CANCELED`.
 */
export async function signInToOkta(settings: OktaSettings, context: PushContext): Promise<OktaSession> {
  const { fetch } = context;
  const orgUrl = settings.orgUrl ?? missing('OKTA_CLIENT_ORGURL');
  const { host } = assertSecureUrl(orgUrl);
  if (settings.token !== null) {
    return { orgUrl, authorization: `SSWS ${settings.token}`, fetch, secrets: [settings.token] };
  }
  const clientId = settings.clientId ?? missing('OKTA_CLIENT_TOKEN');
  const key = await privateKey(settings);
  const config = configuration(orgUrl, clientId, key, settings.keyId, recordingFetch(context));
  const dpop = getDPoPHandle(config, await randomDPoPKeyPair('ES256'));
  const grant = () => clientCredentialsGrant(config, { scope }, { DPoP: dpop });
  const tokens = await signInWithRetry(
    grant,
    host,
    [],
    context,
    ({ message, help }) =>
      new BrokerError('E_OKTA_SIGN_IN', message, {
        help:
          help ??
          `Check OKTA_CLIENT_CLIENTID. The service app needs the public key, the scopes ${scope}, and an administrator role.`,
      }),
  );
  const token = tokens.access_token;
  // From here on, the API client reports the requests.
  config[customFetch] = (url, options) => fetch(url, options as RequestInit);
  if (tokens.token_type.toLowerCase() !== 'dpop') {
    return { orgUrl, authorization: `Bearer ${token}`, fetch, secrets: [token] };
  }
  return {
    orgUrl,
    authorization: `DPoP ${token}`,
    fetch: provingFetch(config, dpop, token),
    secrets: [token],
  };
}

function configuration(
  orgUrl: string,
  clientId: string,
  { key, kid }: { key: CryptoKey; kid: string | undefined },
  keyId: string | null,
  fetch: typeof globalThis.fetch,
): Configuration {
  const tokenEndpoint = `${orgUrl}/oauth2/v1/token`;
  const named = keyId ?? kid;
  const config = new Configuration(
    { issuer: orgUrl, token_endpoint: tokenEndpoint },
    clientId,
    {},
    PrivateKeyJwt(named === undefined ? key : { key, kid: named }, {
      // Okta's "Implement OAuth for Okta with a service app": the audience is the token endpoint.
      [modifyAssertion]: (_header, payload) => {
        payload.aud = tokenEndpoint;
      },
    }),
  );
  config.timeout = 30;
  config[customFetch] = (url, options) => fetch(url, options as RequestInit);
  if (orgUrl.startsWith('http:')) allowInsecureRequests(config);
  return config;
}

/** A `fetch` that adds the DPoP proof, responds to a nonce challenge, and sets the Authorization header. */
function provingFetch(config: Configuration, dpop: DPoPHandle, token: string): typeof globalThis.fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    headers.delete('authorization');
    const body = typeof init?.body === 'string' ? init.body : null;
    try {
      return await fetchProtectedResource(config, token, url, init?.method ?? 'GET', body, headers, {
        DPoP: dpop,
      });
    } catch (error) {
      if (error instanceof WWWAuthenticateChallengeError) return error.response;
      throw error;
    }
  };
}

async function privateKey({
  privateKey: text,
}: OktaSettings): Promise<{ key: CryptoKey; kid: string | undefined }> {
  if (text === null) return missing('OKTA_CLIENT_PRIVATEKEY');
  try {
    return text.trimStart().startsWith('{') ? await fromJwk(text) : await fromPem(text);
  } catch {
    throw new BrokerError('E_SETTING', 'OKTA_CLIENT_PRIVATEKEY: its value is not a readable private key.', {
      help: 'Use an RSA or EC private key: a JSON Web Key on one line, or PEM without a passphrase.',
    });
  }
}

async function fromJwk(text: string): Promise<{ key: CryptoKey; kid: string | undefined }> {
  const jwk = JSON.parse(text) as JWK;
  const imported = await importJWK({
    ...jwk,
    alg: jwk.alg ?? (jwk.kty === 'EC' ? ecAlgorithm(jwk.crv) : 'RS256'),
  });
  if (imported instanceof Uint8Array || imported.type !== 'private') throw new Error('not a private key');
  return { key: imported, kid: jwk.kid };
}

async function fromPem(text: string): Promise<{ key: CryptoKey; kid: undefined }> {
  // Line breaks in environment variables are often written as \n.
  const key = createPrivateKey(text.replaceAll('\\n', '\n'));
  const alg = key.asymmetricKeyType === 'ec' ? ecAlgorithm(key.asymmetricKeyDetails?.namedCurve) : 'RS256';
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key: await importPKCS8(pem, alg), kid: undefined };
}

function ecAlgorithm(curve: string | undefined): string {
  if (curve === 'P-384' || curve === 'secp384r1') return 'ES384';
  return curve === 'P-521' || curve === 'secp521r1' ? 'ES512' : 'ES256';
}

function missing(variable: string): never {
  throw new BrokerError('E_SETTING', `${variable} is not set. It is required to sign in to Okta.`, {
    help: 'Set OKTA_CLIENT_ORGURL, and either OKTA_CLIENT_TOKEN or both OKTA_CLIENT_CLIENTID and OKTA_CLIENT_PRIVATEKEY.',
  });
}
