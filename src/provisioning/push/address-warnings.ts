import { isLoopback } from '../../http/secure-url.ts';

/**
 * Reasons why a provisioning tool may not be able to reach this server's address. They are only warnings, because a provisioning
 * agent on this computer can reach a loopback address, and a proxy may add TLS.
 */
export function addressWarnings(issuer: string, provider: string): string[] {
  const { protocol, hostname } = new URL(issuer);
  if (isLoopback(hostname)) {
    return [
      `${issuer} is a loopback address, which ${provider} cannot reach unless its provisioning agent runs on this computer. Set WEBEX_TOKEN_ISSUER to the https address of this server.`,
    ];
  }
  if (protocol === 'https:') return [];
  return [
    `${issuer} is not https, so the secret and user data are sent unencrypted, and ${provider} most likely rejects the address. Set WEBEX_TOKEN_ISSUER to the https address of this server.`,
  ];
}
