import { BrokerError } from '../errors/broker-error.ts';

/**
 * Refuses an address that no token, and no sign-in for one, may go to: it has to be https, or plain http
 * on this machine, and carry no user name or password. Throws `E_INSECURE_ADDRESS`.
 */
export function assertSecureUrl(address: string): URL {
  const url = URL.parse(address);
  if (url === null) {
    throw new BrokerError('E_INSECURE_ADDRESS', 'An address that a token should be sent to is not a URL.', {
      help: 'Check the WEBEX_TOKEN_…_URL settings. A right one: https://webexapis.com/v1',
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
    `${url.protocol}//${url.host} is neither https nor on this machine, so no token is sent there: anyone on the way could read it.`,
    { help: 'Use an https:// address in the WEBEX_TOKEN_…_URL settings.' },
  );
}

/** Whether a URL's host name is this machine itself: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
