import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import type { ProviderAccess } from '../push/provider-push.ts';
import { type OktaClient, oktaError } from './client.ts';
import type { OktaApp } from './find-app.ts';

const connection = z.object({
  status: z.string().nullish(),
  authScheme: z.string().nullish(),
  baseUrl: z.string().nullish(),
  profile: z.object({ authScheme: z.string().nullish() }).nullish(),
});

/** The state of an application's provisioning connection. `UNKNOWN`: Okta's API does not serve it. */
export type ConnectionStatus = 'ENABLED' | 'DISABLED' | 'UNKNOWN';

/** Okta responds with 200 for every application, even with `UNKNOWN` as the status or the authentication scheme. */
export async function readConnection(
  okta: OktaClient,
  app: OktaApp,
): Promise<{ status: ConnectionStatus; baseUrl: string | null }> {
  const found = await okta.find(connectionPath(app), connection);
  const values = [found?.status, found?.authScheme, found?.profile?.authScheme];
  const baseUrl = found?.baseUrl ?? null;
  if (found === null || values.some((value) => value?.toUpperCase() === 'UNKNOWN')) {
    return { status: 'UNKNOWN', baseUrl };
  }
  return { status: found.status?.toUpperCase() === 'ENABLED' ? 'ENABLED' : 'DISABLED', baseUrl };
}

/**
 * Sets the token, or the relay's address and secret, and activates the connection. Okta documents `baseUrl` only for one other
 * application, so it has to be read back. Throws `E_REJECTED` if Okta rejects the values.
 */
export async function setConnection(
  okta: OktaClient,
  app: OktaApp,
  { via, tenantUrl, secretToken }: Exclude<ProviderAccess, { via: 'oauth' }>,
  onResponseLost: () => void,
): Promise<void> {
  const response = await okta.send({
    method: 'POST',
    path: `${connectionPath(app)}?activate=true`,
    json: {
      ...(app.isScimApp && { baseUrl: tenantUrl }),
      profile: { authScheme: 'TOKEN', token: secretToken },
    },
    onResponseLost,
  });
  if (response.ok) return;
  const { status, detail } = response.failure;
  if (status !== 400) throw oktaError(response.failure);
  const quoted = detail === null ? '' : ` Okta says: “${detail}”`;
  if (via === 'relay') {
    throw new BrokerError('E_REJECTED', `Okta rejected the relay’s address and secret (400).${quoted}`, {
      help: 'Check that Okta can reach the address over https, with a certificate from a public CA.',
    });
  }
  throw new BrokerError('E_REJECTED', `Okta rejected the token (400).${quoted}`, {
    help: [
      'Check that the Organization ID is set on the application’s Provisioning page.',
      { text: 'To test the token from here', command: ['test', 'PROFILE'], only: 'terminal' },
      { text: 'Test the token on the organization’s page.', only: 'page' },
    ],
  });
}

export async function activate(okta: OktaClient, app: OktaApp): Promise<void> {
  await okta.change({ method: 'POST', path: `${connectionPath(app)}/lifecycle/activate` });
}

function connectionPath({ id }: OktaApp): string {
  return `/api/v1/apps/${encodeURIComponent(id)}/connections/default`;
}
