import { type Machine, machine } from './cli-process.ts';
import { storeTokenOn } from './store-token.ts';

export const orgId = '11111111-2222-4333-8444-555555555555';
export const token = 'fake-token-for-acme-1';

/** A machine with a stored token of "acme". Webex could not be reached to verify it. */
export async function machineWithToken(more: NodeJS.ProcessEnv = {}): Promise<Machine> {
  const here = await machine(undefined, { WEBEX_TOKEN_API_URL: 'http://127.0.0.1:9/v1', ...more });
  await storeTokenOn(here, token, { orgId });
  return here;
}
