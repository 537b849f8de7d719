import { oauthSecrets } from './connectivity-parameters.ts';
import type { SimulatedEnterpriseApp } from './entra-directory.ts';

export interface SecretsSettings {
  /** Nobody outside knows whether saving keeps the keys that it does not name. */
  unnamedSecrets: 'dropped' | 'kept';
  /** Graph masks secret values; it may mask, or leave out, everything. */
  shownSecrets: 'all-but-secret' | 'masked' | 'none';
  /** Whether this tenant's Graph beta has `connectivityParameters`, and lets us change them. */
  connectivityParameters: 'served' | 'read-only' | 'missing';
}

/** Some of the keys that Graph's synchronizationSecretKeyStringValuePair lists; capitals count. */
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

/** Saving secrets leaves out what says how the application authenticates: that is for `connectivityParameters`. */
const kept = ['AuthenticationType', ...oauthSecrets];

const hidden = ['SecretToken', 'Oauth2ClientSecret'];

/** What a GET shows: hidden values as an asterisk. */
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

/** All of it or nothing. False for a key that is not known, or not in these capitals. */
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
