import type { HttpFailure } from '../../../http/json-client.ts';
import type { ProviderAccess } from '../../push/provider-push.ts';
import type { GraphClient } from './client.ts';
import { graphError } from './errors.ts';
import type { EntraApp } from './find-app.ts';
import { synchronizationPath } from './find-job.ts';
import { graphList, type SyncSecret, syncSecret } from './objects.ts';

/*
 * Graph beta's `connectivityParameters` set how an application authenticates. They are not in Graph's reference
 * (see AzureAD/SCIMReferenceCode, scim-onboarding.agent.md). Saving `secrets` is not enough: it rejects the token endpoint
 * (`NotInAllowList`), and a Secret Token most likely leaves client credentials enabled.
 */

/** The values of `authenticationType`. */
export const authenticationTypes = {
  token: 'AuthenticationToken',
  oauth: 'OAuth2ClientCredentialsGrant',
} as const;

/** Whether a key in `secrets` concerns how the application authenticates. */
export function isConnectivityKey(key: string): boolean {
  return /^(AuthenticationType$|CredentialLocationInRequest$|Oauth2)/i.test(key);
}

/** How an application authenticates now, as far as Graph shows it. */
export interface SavedAuthentication {
  usesClientCredentials: boolean;
  /** Null if Graph does not show it. */
  tokenEndpoint: string | null;
  clientId: string | null;
}

/** Reads the authentication from `secrets`, and from the connectivity parameters if Graph serves them. Changes nothing. */
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
  // Beta may not have the parameters, or may not return them.
  if (!response.ok) return [];
  const parsed = graphList(syncSecret).safeParse(response.body);
  return parsed.success ? parsed.data.value : [];
}

/**
 * Sets how the application authenticates, with only the keys of one authentication type. Returns null, or the reason if Graph
 * rejects the request; in that case, nothing was changed. Throws `E_GRAPH` if the response was lost.
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
