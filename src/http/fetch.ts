import { environmentWithDotEnv } from '../environment/environment.ts';

let processFetch: Promise<typeof globalThis.fetch> | undefined;

/**
 * The `fetch` that the whole program uses. It uses the proxy and the certificate authorities of the environment and `.env`.
 * Node's own `fetch` needs command-line flags for that, and would then send loopback requests through the proxy too.
 */
export const outboundFetch: typeof globalThis.fetch = async (input, init) => {
  processFetch ??= create();
  return (await processFetch)(input, init);
};

/** Loaded with the first request, because loading takes longer than most commands run. */
async function create(): Promise<typeof globalThis.fetch> {
  const { createFetch } = await import('./create-fetch.ts');
  return createFetch(environmentWithDotEnv(process.env));
}
