/** The fixed values of the documented sign-in URL (Cisco's Entra ID guide, step 5; Cisco's Okta guide; Microsoft's tutorial). */

/** The client that Cisco registered at both ID brokers, with `http://localhost:3000/auth/code` as its redirect URI. */
export const documentedClientId = 'C4ca14fe00b0e51efb414ebd45aa88c1858c3bfb949b2405dba10b0ca4bc37402';

/** In the documented order, because the URL has to match byte for byte. */
export const documentedScopes: readonly string[] = [
  'spark:people_read',
  'spark:people_write',
  'Identity:SCIM',
];

/**
 * The state in the published guides. It is public and protects nothing, so never accept it in the response to a sign-in
 * that was started here.
 */
export const documentedState = 'this-should-be-a-random-string-for-security-purpose';

/** The documented lifetime of a token: 365 days, in seconds. */
export const documentedLifetimeSeconds = 365 * 86_400;
