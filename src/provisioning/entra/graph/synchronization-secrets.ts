import type { GraphClient } from './client.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/** What Entra ID needs to reach Webex: its Tenant URL and Secret Token. */
export interface EntraCredentials {
  tenantUrl: string;
  accessToken: string;
}

/** Microsoft's names, to the letter: other capitals are answered by 500. */
export function credentialPairs({ tenantUrl, accessToken }: EntraCredentials): SyncSecret[] {
  return [
    { key: 'BaseAddress', value: tenantUrl },
    { key: 'SecretToken', value: accessToken },
  ];
}

/** Values that are secret come as asterisks. */
export async function readSecrets(graph: GraphClient, app: EntraApp): Promise<SyncSecret[]> {
  const secrets = await graph.find(`${synchronizationPath(app)}/secrets`, graphList(syncSecret));
  return secrets?.value ?? [];
}

/**
 * The credentials with what else is saved there and not masked: nothing says whether saving keeps the keys that it
 * does not name, and the notification mail is among them.
 */
export function secretsToSave(credentials: EntraCredentials, saved: SyncSecret[]): SyncSecret[] {
  const pairs = credentialPairs(credentials);
  const others = saved.filter(
    (secret) => !pairs.some(({ key }) => key === secret.key) && isReadable(secret.value),
  );
  return [...pairs, ...others];
}

/** The keys that were there before and no longer are: masked ones that could not be sent back. */
export function droppedKeys(before: SyncSecret[], after: SyncSecret[]): string[] {
  const kept = new Set(after.map(({ key }) => key));
  return before.map(({ key }) => key).filter((key) => !kept.has(key));
}

/** A value as Graph shows it; null where there is none, or it is hidden. */
export function readableValue(secrets: SyncSecret[], key: string): string | null {
  const value = secrets.find((secret) => secret.key === key)?.value;
  return isReadable(value) ? value : null;
}

/** Whether Graph has the key but does not show its value. */
export function isHidden(secrets: SyncSecret[], key: string): boolean {
  return secrets.some((secret) => secret.key === key && !isReadable(secret.value));
}

function isReadable(value: string | null | undefined): value is string {
  return typeof value === 'string' && value.trim() !== '' && !/^\*+$/.test(value.trim());
}

/** Microsoft's "known issues": so much fits in all, notification mails included, in the US Government clouds. Bytes. */
export const usGovSecretsLimitBytes = 1024;

export function byteLength(secrets: SyncSecret[]): number {
  return secrets.reduce((sum, { value }) => sum + Buffer.byteLength(value ?? ''), 0);
}
