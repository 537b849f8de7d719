import { oauthSecrets } from './connectivity-parameters.ts';
import type { SimulatedEnterpriseApp } from './entra-directory.ts';

export interface SecretsSettings {
  /** Whether saving keeps the keys that the request does not name. Microsoft does not document this. */
  unnamedSecrets: 'dropped' | 'kept';
  /** Graph masks secret values. It may also mask or omit all values. */
  shownSecrets: 'all-but-secret' | 'masked' | 'none';
  /** Whether this tenant's Graph beta has `connectivityParameters`, and allows changing them. */
  connectivityParameters: 'served' | 'read-only' | 'missing';
}

/** Some of the keys of Graph's synchronizationSecretKeyStringValuePair. They are case-sensitive. */
const knownKeys = [
  'BaseAddress',
  'SecretToken',
  'SyncNotificationSettings',
  'SyncAll',
  'SkipOutOfScopeDeletions',
  'SingleSignOnType',
  'AuthenticationType',
  'Oauth2ClientId',
  'Oauth2ClientSecret',
];

/** Saving `secrets` does not include the authentication type: that belongs to `connectivityParameters`. */
const kept = ['AuthenticationType', ...oauthSecrets];

const hidden = ['SecretToken', 'Oauth2ClientSecret'];

/** The response to a GET: each hidden value is shown as an asterisk. */
export function maskedSecrets(
  { secrets }: SimulatedEnterpriseApp,
  { shownSecrets }: SecretsSettings,
): { key: string; value: string }[] {
  if (shownSecrets === 'none') return [];
  return [...secrets].map(([key, value]) => ({
    key,
    value: shownSecrets === 'masked' || hidden.includes(key) ? '*' : value,
  }));
}

/** Saves all values or none. False for an unknown key, also if only its case differs. */
export function saveSecrets(
  app: SimulatedEnterpriseApp,
  body: unknown,
  { unnamedSecrets }: SecretsSettings,
): boolean {
  const value = (body as { value?: { key: string; value: string }[] } | undefined)?.value;
  if (!Array.isArray(value) || value.some(({ key }) => !knownKeys.includes(key))) return false;
  const saved = new Map([...app.secrets].filter(([key]) => unnamedSecrets === 'kept' || kept.includes(key)));
  for (const { key, value: text } of value) saved.set(key, text);
  app.secrets = saved;
  for (const job of app.jobs) if (job.code === 'NotConfigured') job.code = 'NotRun';
  return true;
}
