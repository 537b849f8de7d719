import type { ProviderAccess } from '../../push/provider-push.ts';
import type { GraphClient } from './client.ts';
import { authenticationTypes, isConnectivityKey } from './connectivity-parameters.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/**
 * The values that Entra ID needs to reach Webex, for `secrets` and for the credential test. The keys are exactly Microsoft's:
 * with a different capitalization, Graph responds with 500. `CredentialLocationInRequest` is not one of them.
 */
export function credentialPairs(access: ProviderAccess): SyncSecret[] {
  const address = { key: 'BaseAddress', value: access.tenantUrl };
  if (access.via !== 'oauth') return [address, { key: 'SecretToken', value: access.secretToken }];
  return [
    { key: 'AuthenticationType', value: authenticationTypes.oauth },
    address,
    { key: 'Oauth2ClientId', value: access.clientId },
    { key: 'Oauth2ClientSecret', value: access.clientSecret },
    { key: 'Oauth2TokenExchangeUri', value: access.tokenEndpoint },
  ];
}

/** Reads the saved values. Graph returns secret values as asterisks. */
export async function readSecrets(graph: GraphClient, app: EntraApp): Promise<SyncSecret[]> {
  const secrets = await graph.find(`${synchronizationPath(app)}/secrets`, graphList(syncSecret));
  return secrets?.value ?? [];
}

/**
 * The credentials and every other saved value that is not masked. The other values are sent too, because it is not documented
 * whether saving keeps keys that are missing in the request. One of them is the notification email address.
 */
export function secretsToSave(access: ProviderAccess, saved: SyncSecret[]): SyncSecret[] {
  const pairs = credentialPairs(access);
  const others = saved.filter(
    ({ key, value }) =>
      !pairs.some((pair) => pair.key === key) && !isConnectivityKey(key) && isReadable(value),
  );
  return [...pairs, ...others];
}

/** The masked keys that could not be sent back, and were dropped when the others were saved. */
export function droppedKeys(before: SyncSecret[], after: SyncSecret[]): string[] {
  const kept = new Set(after.map(({ key }) => key));
  return before.map(({ key }) => key).filter((key) => !kept.has(key) && !isConnectivityKey(key));
}

/** A value as Graph returns it; null if there is none, or if it is masked. */
export function readableValue(secrets: SyncSecret[], key: string): string | null {
  const value = secrets.find((secret) => secret.key === key)?.value;
  return isReadable(value) ? value : null;
}

/** Whether Graph has the key but masks its value. */
export function isHidden(secrets: SyncSecret[], key: string): boolean {
  return secrets.some((secret) => secret.key === key && !isReadable(secret.value));
}

function isReadable(value: string | null | undefined): value is string {
  return typeof value === 'string' && value.trim() !== '' && !/^\*+$/.test(value.trim());
}

/** The size limit for all values together in the US Government clouds, according to Microsoft's "known issues". Bytes. */
export const usGovSecretsLimitBytes = 1024;

export function byteLength(secrets: SyncSecret[]): number {
  return secrets.reduce((sum, { value }) => sum + Buffer.byteLength(value ?? ''), 0);
}
