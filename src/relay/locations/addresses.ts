import { resourceTypes } from '../request/target.ts';

/** The two addresses of one profile, without a trailing slash. */
export interface Addresses {
  /** At Webex. */
  tenantUrl: string;
  /** At this server. */
  relayUrl: string;
}

/** What may follow the name of a resource in an address. */
const ends = new Set(['', '/', '?', '#']);

const names: ReadonlySet<string> = new Set(resourceTypes);

/** The maximum length of a name that has to be read to decide whether an address belongs to the profile. */
export const maxNameLength = Math.max(...resourceTypes.map((name) => name.length));

/** Whether a text is the name of a resource with an address. */
export function isResourceName(text: string): boolean {
  return names.has(text);
}

/** Replaces the tenant URL in an address of the profile's own resources by the relay's. Other text is returned unchanged. */
export function relayed(address: string, { tenantUrl, relayUrl }: Addresses): string {
  if (address.slice(0, tenantUrl.length).toLowerCase() !== tenantUrl.toLowerCase()) return address;
  const rest = address.slice(tenantUrl.length);
  const [, name = ''] = /^\/([A-Za-z]*)/.exec(rest) ?? [];
  const end = rest.charAt(name.length + 1);
  return rest.startsWith('/') && isResourceName(name) && ends.has(end) ? relayUrl + rest : address;
}
