import { randomUUID } from 'node:crypto';
import { type ScimAccess, scimRequest } from '../provisioning/scim-client.ts';

/** The error of Entra ID's Test Connection for these credentials; null if the test passes. */
export interface CredentialFailure {
  code: string;
  message: string;
}

const prefix = 'SystemForCrossDomainIdentityManagementCredentialValidation';

/** Sends a real request to the tenant URL, as Entra ID does: it searches for a user who does not exist. */
export async function testCredentials(
  credentials: ReadonlyMap<string, string>,
): Promise<CredentialFailure | null> {
  const access = await accessWith(credentials);
  return 'code' in access ? access : await testAccess(access);
}

/** The bearer token for the credentials: the saved secret token, or one that the token endpoint issues. */
export async function accessWith(
  credentials: ReadonlyMap<string, string>,
): Promise<ScimAccess | CredentialFailure> {
  const baseAddress = credentials.get('BaseAddress');
  const bearer =
    credentials.get('AuthenticationType') === 'OAuth2ClientCredentialsGrant'
      ? await requestToken(credentials)
      : credentials.get('SecretToken');
  if (baseAddress === undefined || bearer === undefined) {
    return { code: 'InvalidCredentials', message: 'You appear to have entered invalid credentials.' };
  }
  return typeof bearer === 'string' ? { baseAddress, bearer } : bearer;
}

async function requestToken(
  credentials: ReadonlyMap<string, string>,
): Promise<string | CredentialFailure | undefined> {
  const [endpoint, id, secret] = ['Oauth2TokenExchangeUri', 'Oauth2ClientId', 'Oauth2ClientSecret'].map(
    (key) => credentials.get(key),
  );
  if (endpoint === undefined || id === undefined || secret === undefined) return undefined;
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  }).catch(() => null);
  const body: unknown = await response?.json().catch(() => null);
  const token = typeof body === 'object' && body !== null ? Reflect.get(body, 'access_token') : undefined;
  if (response?.status === 200 && typeof token === 'string') return token;
  return {
    code: 'CredentialValidationUnavailable',
    message: `Failed to acquire an access token from the token endpoint. Response Status Code: ${response?.status ?? 'none'}`,
  };
}

async function testAccess(access: ScimAccess): Promise<CredentialFailure | null> {
  let response: Response;
  try {
    const filter = encodeURIComponent(`userName eq "${randomUUID()}"`);
    response = await scimRequest(access, `/Users?filter=${filter}`);
  } catch {
    return {
      code: `${prefix}Unavailable`,
      message:
        'We are not able to connect to your application while attempting to validate our authorization.',
    };
  }
  if (response.status === 401 || response.status === 403) {
    return {
      code: `${prefix}Failure`,
      message: `You appear to have entered invalid credentials. Response Status Code: ${response.status === 401 ? 'Unauthorized' : 'Forbidden'}`,
    };
  }
  if (response.status >= 500) {
    return { code: `${prefix}Unavailable`, message: `Response Status Code: ${response.status}` };
  }
  const body: unknown = await response.json().catch(() => null);
  const total = typeof body === 'object' && body !== null ? Reflect.get(body, 'totalResults') : undefined;
  if (response.status === 200 && total === 0) return null;
  return {
    code:
      response.status === 200
        ? 'SystemForCrossDomainIdentityManagementServiceIncompatible'
        : `${prefix}Failure`,
    message: `We received this unexpected response from your application: Received response from Web resource. Operation: GET Response Status Code: ${response.status === 404 ? 'NotFound' : response.status}`,
  };
}
