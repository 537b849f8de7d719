import { isLoopback } from '../../http/secure-url.ts';

/**
 * What keeps a provisioning tool from reaching our address. Warnings, not refusals: a provisioning agent on this computer
 * reaches a loopback address, and a proxy may add TLS.
 */
export function addressWarnings(issuer: string, provider: string): string[] {
  const { protocol, hostname } = new URL(issuer);
  if (isLoopback(hostname)) {
    return [
      `${issuer} is an address of this computer, which ${provider} cannot reach, unless its provisioning agent runs here. Set WEBEX_TOKEN_ISSUER to the https address of this server.`,
    ];
  }
  if (protocol === 'https:') return [];
  return [
    `${issuer} is not https, so the secret and the data of users are sent unencrypted, and ${provider} most likely refuses the address. Set WEBEX_TOKEN_ISSUER to the https address of this server.`,
  ];
}
