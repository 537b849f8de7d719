import type { Deployment } from '../deployments.ts';
import type { ConnectionTestResult } from './connection-tests.ts';
import type { PersonResult } from './people-me.ts';
import type { ExpiryResult } from './token-expiry.ts';

export interface WebexApiOptions {
  /** The Webex deployment. */
  deployment: Deployment;
  /** The REST API, e.g. `https://webexapis.com/v1`. */
  api: string;
  /** The SCIM service without the organization ID, e.g. `https://api.ciscospark.com/v1/scim`. */
  scim: string;
  fetch: typeof globalThis.fetch;
  /** Epoch milliseconds. */
  now: () => number;
  /** Timeout for each call, including the response. Default: 10,000. */
  timeoutMs?: number;
}

/** The calls to Webex. They only throw for an address or token that must not be used. */
export interface WebexApi {
  whoAmI(token: string): Promise<PersonResult>;
  tokenExpiry(token: string): Promise<ExpiryResult>;
  entraTestConnection(token: string, orgId: string): Promise<ConnectionTestResult>;
  entraTestGroups(token: string, orgId: string): Promise<ConnectionTestResult>;
  oktaTestCredentials(token: string, orgId: string): Promise<ConnectionTestResult>;
}

/** Creates the API client of one deployment. It can be used with any number of tokens. */
export function createWebexApi(options: WebexApiOptions): WebexApi {
  const connection = { ...options, timeoutMs: options.timeoutMs ?? 10_000 };
  // Loaded on demand, because most commands do not call Webex.
  const tests = () => import('./connection-tests.ts');
  return {
    whoAmI: async (token) => (await import('./people-me.ts')).whoAmI(connection, token),
    tokenExpiry: async (token) => (await import('./token-expiry.ts')).tokenExpiry(connection, token),
    entraTestConnection: async (token, orgId) =>
      (await tests()).entraTestConnection(connection, token, orgId),
    entraTestGroups: async (token, orgId) => (await tests()).entraTestGroups(connection, token, orgId),
    oktaTestCredentials: async (token, orgId) =>
      (await tests()).oktaTestCredentials(connection, token, orgId),
  };
}
