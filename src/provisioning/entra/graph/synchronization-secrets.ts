import type { GraphClient } from './client.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/** What Entra ID needs to reach Webex: its Tenant URL and Secret Token. */
export interface EntraCredentials {
  tenantUrl: string;
  accessToken: string;
}

/** Microsoft's names, exactly: with other capitals Graph answers 500. */
export function credentialPairs({ tenantUrl, accessToken }: EntraCredentials): SyncSecret[] {
  return [
    { key: 'BaseAddress', value: tenantUrl },
    { key: 'SecretToken', value: accessToken },
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
export function secretsToSave(credentials: EntraCredentials, saved: SyncSecret[]): SyncSecret[] {
  const pairs = credentialPairs(credentials);
  const others = saved.filter(
    (secret) => !pairs.some(({ key }) => key === secret.key) && isReadable(secret.value),
  );
  return [...pairs, ...others];
}

/** The keys that saving dropped: masked ones, which could not be sent back. */
export function droppedKeys(before: SyncSecret[], after: SyncSecret[]): string[] {
  const kept = new Set(after.map(({ key }) => key));
  return before.map(({ key }) => key).filter((key) => !kept.has(key));
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
