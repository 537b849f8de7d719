import type { RelayRights } from '../../domain/client.ts';

const texts: Record<RelayRights, string> = {
  all: 'SCIM relay: all requests',
  write: 'SCIM relay: read and write, no DELETE',
  read: 'SCIM relay: read only',
};

/** What a client of the SCIM relay may do, for people. */
export function relayRightsText(rights: RelayRights): string {
  return texts[rights];
}
