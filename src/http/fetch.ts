import { environmentWithDotEnv } from '../environment/environment.ts';

let processFetch: Promise<typeof globalThis.fetch> | undefined;

/**
 * The `fetch` of the whole program, by the proxy and the certificate authorities of its environment and `.env`. Node's own
 * would need switches of Node for that, and would then send requests to this machine itself through the proxy too.
 */
export const outboundFetch: typeof globalThis.fetch = async (input, init) => {
  processFetch ??= create();
  return (await processFetch)(input, init);
};

/** Loaded with the first request: that takes longer than most commands need in all. */
async function create(): Promise<typeof globalThis.fetch> {
  const { createFetch } = await import('./create-fetch.ts');
  return createFetch(environmentWithDotEnv(process.env));
}
