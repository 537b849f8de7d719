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
import { assertSecureUrl } from '../../../http/secure-url.ts';
import type { PushContext } from '../../push/push-context.ts';
import { type OAuthFailure, signInWithRetry } from '../../requests/oauth-failure.ts';
import { recordingFetch } from '../../requests/recording-fetch.ts';
import type { EntraEndpoints } from '../clouds.ts';
import { readClientCertificate } from './certificate.ts';
import { adviceFor, checkSettings } from './sign-in-advice.ts';
import { type EntraSignInMethod, entraSignInMethod } from './sign-in-method.ts';

export interface EntraSignIn {
  settings: EntraSettings;
  endpoints: EntraEndpoints;
  context: PushContext;
}

/**
 * The public client of Microsoft's Graph PowerShell and Graph CLI, registered in every cloud as "Microsoft Graph Command
 * Line Tools". AZURE_CLIENT_ID replaces it.
 */
const graphCommandLineTools = '14d82eec-204b-4c2f-b7e8-296a70dab67e';

/** The permissions that a person consents to: change provisioning, find the application, and read who is assigned. */
const personScopes = ['Synchronization.ReadWrite.All', 'Application.Read.All', 'User.ReadBasic.All'];

/**
 * Signs in to Microsoft Graph. Returns its access token.
 * Throws `E_ENTRA_SIGN_IN` if Entra ID rejects the sign-in or no one signs in, `E_CANCELED`, and `E_SETTING` or
 * `E_CERTIFICATE` for missing settings.
 */
export async function signInToGraph(signIn: EntraSignIn): Promise<string> {
  const { settings, endpoints, context } = signIn;
  const { host } = assertSecureUrl(endpoints.login);
  const secrets = settings.clientSecret === null ? [] : [settings.clientSecret];
  const method = entraSignInMethod(settings);
  const config = await configuration(signIn, method);
  const attempt = <T>(work: () => Promise<T>) =>
    signInWithRetry(work, host, secrets, context, (failure) => signInError(failure, method));

  if (method !== 'device-code') {
    const scope = `${endpoints.graph}/.default`;
    return (await attempt(() => clientCredentialsGrant(config, { scope }))).access_token;
  }
  const scope = personScopes.map((name) => `${endpoints.graph}/${name}`).join(' ');
  const device = await attempt(() => initiateDeviceAuthorization(config, { scope }));
  context.onEvent({
    type: 'device-code',
    code: {
      userCode: device.user_code,
      verificationUri: device.verification_uri,
      expiresIn: device.expires_in,
    },
  });
  const expired = AbortSignal.timeout(device.expires_in * 1000);
  const signal = AbortSignal.any([expired, ...(context.signal === undefined ? [] : [context.signal])]);
  const tokens = await attempt(async () => {
    try {
      return await pollDeviceAuthorizationGrant(config, device, undefined, { signal });
    } catch (error) {
      // Otherwise this error would count as a connection timeout, after which the same code is tried again.
      if (expired.aborted && !context.signal?.aborted) throw codeExpired(host, method);
      throw error;
    }
  });
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
  const fetch = recordingFetch(signIn.context);
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
  throw new BrokerError('E_SETTING', `${variable} is not set. It is required to sign in without a person.`, {
    help: 'Set AZURE_TENANT_ID and AZURE_CLIENT_ID together with AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH. To sign in yourself, set neither of the last two.',
  });
}

function codeExpired(host: string, method: EntraSignInMethod): BrokerError {
  const message = `The sign-in code for ${host} has expired.`;
  return signInError({ code: 'expired_token', message, transient: false }, method);
}

function signInError({ code, message, help }: OAuthFailure, method: EntraSignInMethod): BrokerError {
  return new BrokerError('E_ENTRA_SIGN_IN', message, { help: help ?? helpFor(code, message, method) });
}

/** The help for an OAuth error code and an AADSTS code. */
function helpFor(code: string | null, message: string, method: EntraSignInMethod): string {
  if (code === 'expired_token') return 'No one signed in within the time limit. Try again.';
  if (code === 'authorization_declined' || code === 'access_denied') {
    return 'The sign-in was declined. If that was a mistake, try again.';
  }
  const advice = adviceFor(message, method);
  if (advice !== null) return advice;
  if (code === 'invalid_client') {
    return checkSettings;
  }
  return method === 'device-code'
    ? 'Try again. If it happens again, follow the guide and paste the token.'
    : 'Check the AZURE_* settings and the selected cloud.';
}
