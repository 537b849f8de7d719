import { environmentWithDotEnv } from '../environment.ts';
import { trustedContext } from './certificates.ts';
import { connectTo } from './connect.ts';
import { ProxiedFailure } from './connect-failure.ts';
import { proxyFor } from './proxy.ts';

type Fetch = typeof globalThis.fetch;

/** For opening a connection: less than any request may take, so that the hop that hangs is named. Milliseconds. */
const connectTimeoutMs = 8_000;

/** A `fetch` that uses the proxy and the certificate authorities that this environment names. */
export function createFetch(
  environment: Readonly<NodeJS.Dict<string>>,
  timeoutMs: number = connectTimeoutMs,
): Fetch {
  const trusted = trustedContext(environment);
  let loaded: Promise<Fetch> | undefined;
  return async (input, init) => {
    const proxy = proxyFor(new URL(input instanceof Request ? input.url : input), environment);
    // Loaded with the first request: that takes longer than most commands need in all.
    loaded ??= load();
    const fetch = await loaded;
    try {
      return await fetch(input, init);
    } catch (error) {
      throw proxy === null ? error : new ProxiedFailure(proxy.name, error);
    }
  };

  async function load(): Promise<Fetch> {
    const { Agent, fetch } = await import('undici');
    const dispatcher = new Agent({
      connect: ({ hostname, port, protocol }, callback) => {
        const url = new URL(`${protocol}//${hostname}${port === '' ? '' : `:${port}`}`);
        const secure = protocol === 'https:';
        const target = {
          host: hostname.replace(/^\[|\]$/g, ''),
          port: Number(port) || (secure ? 443 : 80),
          secure,
        };
        connectTo(target, { proxy: proxyFor(url, environment), trusted, timeoutMs }).then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    });
    return (input, init) =>
      fetch(input as string | URL, { ...(init as object), dispatcher }) as unknown as ReturnType<Fetch>;
  }
}

let ofThisProcess: Fetch | undefined;

/**
 * The `fetch` of the whole program, by the proxy and the certificate authorities of its environment and `.env`. Node's own
 * would need switches of Node for that, and would then send requests to this machine itself through the proxy too.
 */
export const outboundFetch: Fetch = (input, init) => {
  ofThisProcess ??= createFetch(environmentWithDotEnv(process.env));
  return ofThisProcess(input, init);
};
