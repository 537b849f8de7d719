import type { HttpFailure } from '../../../http/json-client.ts';
import type { ProviderAccess } from '../../push/provider-push.ts';
import type { GraphClient } from './client.ts';
import { graphError } from './errors.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/*
 * How an application authenticates is set by Graph beta's `connectivityParameters`, which is not in Graph's reference
 * (AzureAD/SCIMReferenceCode, scim-onboarding.agent.md). Saving `secrets` cannot do it: there the token endpoint is refused
 * (`NotInAllowList`), and a Secret Token most likely leaves client credentials on.
 */

/** The values of `authenticationType`. */
export const authenticationTypes = {
  token: 'AuthenticationToken',
  oauth: 'OAuth2ClientCredentialsGrant',
} as const;

/** Whether a key of `secrets` says how the application authenticates. */
export function isConnectivityKey(key: string): boolean {
  return /^(AuthenticationType$|CredentialLocationInRequest$|Oauth2)/i.test(key);
}

/** How an application authenticates now, as far as Graph shows it. */
export interface SavedAuthentication {
  usesClientCredentials: boolean;
  /** Null where it is not shown. */
  tokenEndpoint: string | null;
  clientId: string | null;
}

/** Reads it from what `secrets` show, and from the connectivity parameters where Graph serves them. Changes nothing. */
export async function readAuthentication(
  graph: GraphClient,
  app: EntraApp,
  secrets: SyncSecret[],
): Promise<SavedAuthentication> {
  const shown = new Map<string, string>();
  for (const { key, value } of [...secrets, ...(await readParameters(graph, app))]) {
    if (value != null && value !== '' && !/^\*+$/.test(value)) shown.set(key.toLowerCase(), value);
  }
  const type = shown.get('authenticationtype');
  const tokenEndpoint = shown.get('oauth2tokenexchangeuri') ?? null;
  return {
    usesClientCredentials: type === undefined ? tokenEndpoint !== null : type === authenticationTypes.oauth,
    tokenEndpoint,
    clientId: shown.get('oauth2clientid') ?? null,
  };
}

async function readParameters(graph: GraphClient, app: EntraApp): Promise<SyncSecret[]> {
  const response = await graph.beta.send({
    method: 'GET',
    path: parametersPath(app),
    idempotent: false,
    refusalIsFinal: true,
  });
  // Beta may lack it, or show it to nobody.
  if (!response.ok) return [];
  const parsed = graphList(syncSecret).safeParse(response.body);
  return parsed.success ? parsed.data.value : [];
}

/**
 * Sets how the application authenticates, with the keys of one authentication type and no others. Returns null, or why
 * Graph refuses; then nothing was changed. Throws `E_GRAPH` where the response was lost.
 */
export async function saveParameters(
  graph: GraphClient,
  app: EntraApp,
  access: ProviderAccess,
  onResponseLost: () => void,
): Promise<HttpFailure | null> {
  const path = parametersPath(app);
  const response = await graph.beta.send({
    method: 'PATCH',
    path,
    json: { value: parametersOf(access) },
    refusalIsFinal: true,
    onResponseLost,
  });
  if (response.ok) return null;
  const { status, reason } = response.failure;
  const isRefusal = status === 501 || (status !== null && status >= 400 && status < 500);
  if (isRefusal && reason !== 'rate-limited') return response.failure;
  throw graphError(response.failure, path);
}

function parametersOf(access: ProviderAccess): SyncSecret[] {
  const pairs =
    access.via === 'oauth'
      ? {
          authenticationType: authenticationTypes.oauth,
          baseAddress: access.tenantUrl,
          oauth2ClientId: access.clientId,
          oauth2ClientSecret: access.clientSecret,
          oauth2TokenExchangeUri: access.tokenEndpoint,
          credentialLocationInRequest: 'Header',
        }
      : {
          authenticationType: authenticationTypes.token,
          baseAddress: access.tenantUrl,
          secretToken: access.secretToken,
        };
  return Object.entries(pairs).map(([key, value]) => ({ key, value }));
}

function parametersPath(app: EntraApp): string {
  return `${synchronizationPath(app)}/connectivityParameters`;
}
