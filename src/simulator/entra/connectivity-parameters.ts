import type { SimulatedEnterpriseApp } from './entra-directory.ts';

/*
 * Graph beta's `connectivityParameters`, as Microsoft's onboarding guide sends them (AzureAD/SCIMReferenceCode). They are the
 * same values as `secrets`, under the names of the portal. The simulator stores each value once, under its name in `secrets`.
 */

/** The exact names of the portal, each with its name in `secrets`. */
const names: Record<string, string> = {
  authenticationType: 'AuthenticationType',
  baseAddress: 'BaseAddress',
  secretToken: 'SecretToken',
  oauth2ClientId: 'Oauth2ClientId',
  oauth2ClientSecret: 'Oauth2ClientSecret',
  oauth2TokenExchangeUri: 'Oauth2TokenExchangeUri',
  credentialLocationInRequest: 'CredentialLocationInRequest',
};

/** The only parameters that are accepted with each authentication type. */
const keysOf: Record<string, string[]> = {
  AuthenticationToken: ['baseAddress', 'secretToken'],
  OAuth2ClientCredentialsGrant: [
    'baseAddress',
    'oauth2ClientId',
    'oauth2ClientSecret',
    'oauth2TokenExchangeUri',
    'credentialLocationInRequest',
  ],
};

/** The names in `secrets` that belong to OAuth. */
export const oauthSecrets = [
  'Oauth2ClientId',
  'Oauth2ClientSecret',
  'Oauth2TokenExchangeUri',
  'CredentialLocationInRequest',
];

/** The response to a GET: each secret is shown as an asterisk. */
export function shownConnectivity({ secrets }: SimulatedEnterpriseApp): { key: string; value: string }[] {
  return Object.entries(names).flatMap(([key, name]) => {
    const value = secrets.get(name);
    if (value === undefined) return [];
    return [{ key, value: /secret/i.test(key) ? '*' : value }];
  });
}

/** Saves all parameters or none. False for an unknown or missing parameter, or a mixture of both types. */
export function saveConnectivity(app: SimulatedEnterpriseApp, body: unknown): boolean {
  const value = (body as { value?: { key: string; value: string }[] } | undefined)?.value;
  if (!Array.isArray(value)) return false;
  const given = new Map(value.map(({ key, value: text }) => [key, text]));
  const wanted = keysOf[given.get('authenticationType') ?? ''];
  if (wanted === undefined || given.size !== wanted.length + 1) return false;
  if (wanted.some((key) => typeof given.get(key) !== 'string')) return false;
  for (const name of [...oauthSecrets, 'SecretToken']) app.secrets.delete(name);
  for (const [key, text] of given) app.secrets.set(names[key] ?? key, text);
  for (const job of app.jobs) if (job.code === 'NotConfigured') job.code = 'NotRun';
  return true;
}
