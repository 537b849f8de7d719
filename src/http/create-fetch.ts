import { isIPv6 } from 'node:net';
import { Agent, fetch } from 'undici';
import { trustedContext } from './connect/certificates.ts';
import { connectTo } from './connect/connect.ts';
import { ProxiedFailure } from './connect/connect-failure.ts';
import { proxyFor } from './connect/proxy.ts';
import { skipInformationalResponses } from './skip-informational-responses.ts';

type Fetch = typeof globalThis.fetch;

/** Timeout for opening a connection. Shorter than any request timeout, so that the error names the hop. Milliseconds. */
const connectTimeoutMs = 8_000;

/** Opens connections with the proxy and certificate authorities of this environment, and keeps them open for reuse. */
export function createAgent(
  environment: Readonly<NodeJS.Dict<string>>,
  timeoutMs: number = connectTimeoutMs,
  options: Agent.Options = {},
): Agent {
  const trusted = trustedContext(environment);
  return new Agent({
    ...options,
    connect: ({ hostname, port, protocol }, callback) => {
      const secure = protocol === 'https:';
      // An IPv6 address has no brackets here.
      const url = new URL(`${protocol}//${isIPv6(hostname) ? `[${hostname}]` : hostname}`);
      url.port = port;
      const target = { host: hostname, port: Number(port) || (secure ? 443 : 80), secure };
      connectTo(target, { proxy: proxyFor(url, environment), trusted, timeoutMs }).then(
        (socket) => callback(null, skipInformationalResponses(socket)),
        (error: Error) => callback(error, null),
      );
    },
  });
}

/** Creates a `fetch` that uses the proxy and the certificate authorities of this environment. */
export function createFetch(
  environment: Readonly<NodeJS.Dict<string>>,
  timeoutMs: number = connectTimeoutMs,
): Fetch {
  const dispatcher = createAgent(environment, timeoutMs);
  return async (input, init) => {
    const proxy = proxyFor(new URL(input instanceof Request ? input.url : input), environment);
    try {
      return (await fetch(input as string | URL, {
        ...(init as object),
        dispatcher,
      })) as unknown as Response;
    } catch (error) {
      throw proxy === null ? error : new ProxiedFailure(proxy.name, error);
    }
  };
}
