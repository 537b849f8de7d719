import { connectFailureOf, proxiedFailureOf } from './connect/connect-failure.ts';
import type { Explanation } from './explanation.ts';
import { type NetworkReason, networkReason } from './network-reason.ts';

export interface NetworkFailure extends Explanation {
  /** `proxy`: the connection ended at the proxy. */
  reason: NetworkReason | 'proxy';
}

/** Explains why no response arrived, from the error that `fetch` threw. */
export function explainNetworkError(error: unknown, host: string): NetworkFailure {
  const opening = connectFailureOf(error);
  if (opening !== null) {
    const { hop, message, help } = opening;
    return { reason: hop === 'tls' || hop === 'certificates' ? 'tls' : 'proxy', message, help };
  }
  const reason = networkReason(error);
  const proxied = proxiedFailureOf(error);
  const { message, help } = describe(reason, host, proxied?.proxy ?? null);
  return { reason, message, help };
}

function describe(reason: NetworkReason, host: string, proxy: string | null): Explanation {
  const through = proxy === null ? '' : ` through the proxy ${proxy}`;
  const network =
    proxy === null
      ? 'Check this machine’s network. If you are behind a proxy, set HTTPS_PROXY as described in README.md.'
      : `If it repeats, ask the administrator of the proxy whether it allows ${host}.`;
  switch (reason) {
    case 'timeout':
      return {
        message: `${host} did not respond in time${through}.`,
        help: `Try again in a few minutes. ${network}`,
      };
    case 'tls':
      return {
        message: `The secure connection to ${host}${through} failed: this machine does not trust its certificate, or the connection is being inspected.`,
        help: 'Check this machine’s clock. If your company inspects TLS, set NODE_EXTRA_CA_CERTS to the file with its CA certificate.',
      };
    case 'dns':
      return { message: `The name ${host} could not be found.`, help: network };
    case 'refused':
      return { message: `${host} refused the connection${through}, or a firewall blocks it.`, help: network };
    case 'network':
      return {
        message: `The connection to ${host}${through} was interrupted.`,
        help: `Try again. ${network}`,
      };
  }
}
