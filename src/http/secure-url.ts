import { BrokerError } from '../errors/broker-error.ts';

/**
 * Rejects an address to which tokens and sign-ins must not be sent. It must be https, or plain http on this machine, and must
 * not contain a user name or password. Throws `E_INSECURE_ADDRESS`.
 */
export function assertSecureUrl(address: string): URL {
  const url = URL.parse(address);
  if (url === null) {
    throw new BrokerError('E_INSECURE_ADDRESS', 'The address for a token is not a URL.', {
      help: 'Check the WEBEX_TOKEN_…_URL settings. For example https://webexapis.com/v1',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new BrokerError(
      'E_INSECURE_ADDRESS',
      `The address on ${url.host} contains a user name or password, so no token is sent there.`,
      { help: 'Remove everything between // and @ from the WEBEX_TOKEN_…_URL setting.' },
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new BrokerError(
    'E_INSECURE_ADDRESS',
    `${url.protocol}//${url.host} is neither https nor on this machine, so no token is sent there: others on the network could read it.`,
    { help: 'Use an https:// address in the WEBEX_TOKEN_…_URL settings.' },
  );
}

/** Whether the host name of a URL is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
