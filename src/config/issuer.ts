import { findRunningApis } from '../instance/api-instance-file.ts';
import { appOrigin, type Settings } from './settings.ts';

/**
 * The API's own address as its clients see it, without a trailing slash: the setting, or else the address of `serve --api` if
 * exactly one is running, or else the web app's address.
 */
export function issuerOf(settings: Pick<Settings, 'issuer' | 'home' | 'port'>): string {
  if (settings.issuer !== null) return settings.issuer;
  const [api, ...more] = findRunningApis(settings.home);
  return api !== undefined && more.length === 0 ? api.address : appOrigin(settings);
}

/** The path of the token endpoint. */
export const tokenPath = '/oauth/token';

/** The path below which the SCIM relay serves each profile. */
export const relayPath = '/scim';

/** Whether a request target (as in the request line) belongs to the SCIM relay. */
export function isRelayTarget(target: string): boolean {
  return target.startsWith(relayPrefix) || target === relayPath;
}

const relayPrefix = `${relayPath}/`;

/** The address of the SCIM relay for a profile: the Tenant URL for Entra ID, or the base URL for Okta. */
export function relayTenantUrl(issuer: string, profile: string): string {
  return `${issuer}${relayPath}/${profile}`;
}
