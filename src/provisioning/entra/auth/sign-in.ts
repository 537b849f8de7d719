import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
  initiateDeviceAuthorization,
  modifyAssertion,
  None,
  PrivateKeyJwt,
  pollDeviceAuthorizationGrant,
} from 'openid-client';
import type { EntraSettings } from '../../../config/settings.ts';
import { BrokerError } from '../../../errors/broker-error.ts';
import type { RetryHooks } from '../../../http/retry.ts';
import { assertSecureUrl } from '../../../http/secure-url.ts';
import { type OAuthFailure, signInWithRetry } from '../../oauth-failure.ts';
import { recordingFetch } from '../../recording-fetch.ts';
import type { RequestPreview } from '../../request-preview.ts';
import type { EntraEndpoints } from '../clouds.ts';
import { readClientCertificate } from './certificate.ts';
import { adviceFor } from './sign-in-advice.ts';
import { type EntraSignInMethod, entraSignInMethod } from './sign-in-method.ts';

/** What a person has to do to sign in (RFC 8628 §3.3): open the address, and type the code. */
export interface DeviceCode {
  userCode: string;
  verificationUri: string;
  /** Seconds. */
  expiresIn: number;
}

export interface EntraSignIn {
  settings: EntraSettings;
  endpoints: EntraEndpoints;
  fetch: typeof globalThis.fetch;
  patience: RetryHooks;
  onDeviceCode: (code: DeviceCode) => void;
  onRequest: (request: RequestPreview) => void;
  /** Ends the waiting for a person. */
  signal?: AbortSignal;
}

/**
 * The public client that Microsoft's own Graph PowerShell and Graph CLI sign people in with, known in every cloud as
 * "Microsoft Graph Command Line Tools". AZURE_CLIENT_ID names another.
 */
const graphCommandLineTools = '14d82eec-204b-4c2f-b7e8-296a70dab67e';

/** What a person is asked to consent to: to change provisioning, to find the application, to look who is assigned. */
const personScopes = ['Synchronization.ReadWrite.All', 'Application.Read.All', 'User.ReadBasic.All'];

/**
 * Signs in to Microsoft Graph. Returns its access token.
 * Throws `E_ENTRA_SIGN_IN` where Entra refuses, or nobody signs in; `E_SETTING` or `E_CERTIFICATE` for what is missing.
 */
export async function signInToGraph(signIn: EntraSignIn): Promise<string> {
  const { settings, endpoints, patience } = signIn;
  const { host } = assertSecureUrl(endpoints.login);
  const secrets = settings.clientSecret === null ? [] : [settings.clientSecret];
  const method = entraSignInMethod(settings);
  const config = await configuration(signIn, method);
  const attempt = <T>(work: () => Promise<T>) =>
    signInWithRetry(work, host, secrets, patience, (failure) => refused(failure, method));

  if (method !== 'device-code') {
    const scope = `${endpoints.graph}/.default`;
    return (await attempt(() => clientCredentialsGrant(config, { scope }))).access_token;
  }
  const scope = personScopes.map((name) => `${endpoints.graph}/${name}`).join(' ');
  const device = await attempt(() => initiateDeviceAuthorization(config, { scope }));
  signIn.onDeviceCode({
    userCode: device.user_code,
    verificationUri: device.verification_uri,
    expiresIn: device.expires_in,
  });
  const options = signIn.signal === undefined ? {} : { signal: signIn.signal };
  const tokens = await attempt(() => pollDeviceAuthorizationGrant(config, device, undefined, options));
  return tokens.access_token;
}

async function configuration(signIn: EntraSignIn, method: EntraSignInMethod): Promise<Configuration> {
  const { settings, endpoints } = signIn;
  const tenant =
    settings.tenantId ?? (method === 'device-code' ? 'organizations' : missing('AZURE_TENANT_ID'));
  const clientId =
    settings.clientId ?? (method === 'device-code' ? graphCommandLineTools : missing('AZURE_CLIENT_ID'));
  const base = `${endpoints.login}/${tenant}`;
  const server = {
    issuer: `${base}/v2.0`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
  };
  const config = new Configuration(server, clientId, {}, await authentication());
  config.timeout = 30;
  const fetch = recordingFetch(signIn.fetch, signIn.onRequest);
  config[customFetch] = (url, options) => fetch(url, options as RequestInit);
  if (endpoints.login.startsWith('http:')) allowInsecureRequests(config);
  return config;

  async function authentication() {
    if (settings.clientSecret !== null) return ClientSecretPost(settings.clientSecret);
    if (settings.clientCertificatePath === null) return None();
    const { key, thumbprints } = await readClientCertificate(settings.clientCertificatePath);
    return PrivateKeyJwt(key, {
      // Microsoft's "certificate credentials": the thumbprint names the certificate, the audience is the token endpoint.
      [modifyAssertion]: (header, payload) => {
        Object.assign(header, thumbprints, { typ: 'JWT' });
        payload.aud = server.token_endpoint;
      },
    });
  }
}

function missing(variable: string): never {
  throw new BrokerError('E_SETTING', `${variable} is not set, and signing in without a person needs it.`, {
    help: 'Set AZURE_TENANT_ID and AZURE_CLIENT_ID beside AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH; or none of the last two, to sign in yourself.',
  });
}

function refused({ code, message, help }: OAuthFailure, method: EntraSignInMethod): BrokerError {
  return new BrokerError('E_ENTRA_SIGN_IN', message, { help: help ?? helpFor(code, message, method) });
}

/** By the OAuth error code and the AADSTS code. */
function helpFor(code: string | null, message: string, method: EntraSignInMethod): string {
  if (code === 'expired_token') return 'Nobody signed in in time. Run the command again.';
  if (code === 'authorization_declined' || code === 'access_denied') {
    return 'The sign-in was declined. Run the command again if that was a mistake.';
  }
  const advice = adviceFor(message, method);
  if (advice !== null) return advice;
  if (code === 'invalid_client') {
    return 'Check AZURE_TENANT_ID and AZURE_CLIENT_ID, whether the secret or certificate is the application’s own and not expired, and --cloud.';
  }
  return method === 'device-code'
    ? 'Run the command again. If it repeats, follow the guide and paste the token.'
    : 'Check the AZURE_* settings, and --cloud.';
}
