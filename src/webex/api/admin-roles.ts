/** Role IDs in the responses of `people/me`: base64url of `ciscospark://us/ROLE/<name>`. */
export const fullAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfZnVsbF9hZG1pbg';
export const userAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfdXNlcl9hZG1pbg';
export const readonlyAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfcmVhZG9ubHlfYWRtaW4';
export const deviceAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfZGV2aWNlX2FkbWlu';

/** `other`: has roles, but not full administrator. `unknown`: the response has no roles. */
export type AdminLevel = 'full' | 'other' | 'none' | 'unknown';

/** Missing roles are unknown. Only an empty list means that there are none. */
export function adminLevel(roles: readonly string[] | null): AdminLevel {
  if (roles === null) return 'unknown';
  if (roles.some(isFullAdmin)) return 'full';
  return roles.length === 0 ? 'none' : 'other';
}

/** The ID may name another region or have padding. */
function isFullAdmin(role: string): boolean {
  if (role === fullAdminRole) return true;
  return /^ciscospark:\/\/[^/]+\/ROLE\/id_full_admin$/.test(Buffer.from(role, 'base64url').toString('utf8'));
}
