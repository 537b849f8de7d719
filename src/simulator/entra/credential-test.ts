import { randomUUID } from 'node:crypto';

/** What Entra ID's Test Connection makes of credentials; null where it passes. */
export interface CredentialFailure {
  code: string;
  message: string;
}

const prefix = 'SystemForCrossDomainIdentityManagementCredentialValidation';

/** Really asks the service at the tenant URL, as Entra ID does: for a user that does not exist. */
export async function testCredentials(
  baseAddress: string | undefined,
  secretToken: string | undefined,
): Promise<CredentialFailure | null> {
  if (baseAddress === undefined || secretToken === undefined) {
    return { code: 'InvalidCredentials', message: 'You appear to have entered invalid credentials.' };
  }
  const resource = `${baseAddress}/Users?filter=${encodeURIComponent(`userName eq "${randomUUID()}"`)}`;
  let response: Response;
  try {
    response = await fetch(resource, {
      headers: { authorization: `Bearer ${secretToken}`, accept: 'application/scim+json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
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
