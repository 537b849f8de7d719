import type { ProviderAccess } from '../../push/provider-push.ts';
import type { GraphClient } from './client.ts';
import { authenticationTypes, isConnectivityKey } from './connectivity-parameters.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/**
 * What Entra ID needs to reach Webex, as `secrets` and the test of credentials name it: Microsoft's names, exactly; with
 * other capitals Graph answers 500. `CredentialLocationInRequest` is no such name.
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

/** Graph returns secret values as asterisks. */
export async function readSecrets(graph: GraphClient, app: EntraApp): Promise<SyncSecret[]> {
  const secrets = await graph.find(`${synchronizationPath(app)}/secrets`, graphList(syncSecret));
  return secrets?.value ?? [];
}

/**
 * The credentials and every other saved value that is not masked: it is not documented whether saving keeps the keys
 * that the request leaves out, and the notification mail is one of them.
 */
export function secretsToSave(access: ProviderAccess, saved: SyncSecret[]): SyncSecret[] {
  const pairs = credentialPairs(access);
  const others = saved.filter(
    ({ key, value }) =>
      !pairs.some((pair) => pair.key === key) && !isConnectivityKey(key) && isReadable(value),
  );
  return [...pairs, ...others];
}

/** The keys that saving dropped: masked ones, which could not be sent back. */
export function droppedKeys(before: SyncSecret[], after: SyncSecret[]): string[] {
  const kept = new Set(after.map(({ key }) => key));
  return before.map(({ key }) => key).filter((key) => !kept.has(key) && !isConnectivityKey(key));
}

/** A value as Graph returns it; null where there is none, or it is masked. */
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

/** Microsoft's "known issues": the limit of all values together in the US Government clouds. Bytes. */
export const usGovSecretsLimitBytes = 1024;

export function byteLength(secrets: SyncSecret[]): number {
  return secrets.reduce((sum, { value }) => sum + Buffer.byteLength(value ?? ''), 0);
}
