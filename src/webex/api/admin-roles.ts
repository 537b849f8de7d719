/** Role IDs as `people/me` gives them: base64url of `ciscospark://us/ROLE/<name>`. */
export const fullAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfZnVsbF9hZG1pbg';
export const userAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfdXNlcl9hZG1pbg';
export const readonlyAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfcmVhZG9ubHlfYWRtaW4';
export const deviceAdminRole = 'Y2lzY29zcGFyazovL3VzL1JPTEUvaWRfZGV2aWNlX2FkbWlu';

/** `other`: has roles, but not that of a full administrator. `unknown`: Webex did not say. */
export type AdminLevel = 'full' | 'other' | 'none' | 'unknown';

/** Missing roles are unknown, never "none": only an empty list says that there are none. */
export function adminLevel(roles: readonly string[] | null): AdminLevel {
  if (roles === null) return 'unknown';
  if (roles.some(isFullAdmin)) return 'full';
  return roles.length === 0 ? 'none' : 'other';
}

/** The same role named for another region, or with padding, is the same role. */
function isFullAdmin(role: string): boolean {
  if (role === fullAdminRole) return true;
  return /^ciscospark:\/\/[^/]+\/ROLE\/id_full_admin$/.test(Buffer.from(role, 'base64url').toString('utf8'));
}
