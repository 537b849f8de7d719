import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { type OktaClient, oktaError } from './client.ts';
import type { OktaApp } from './find-app.ts';

const connection = z.object({
  status: z.string().nullish(),
  authScheme: z.string().nullish(),
  profile: z.object({ authScheme: z.string().nullish() }).nullish(),
});

/** The state of an application's provisioning connection. `UNKNOWN`: Okta's API does not serve it. */
export type ConnectionStatus = 'ENABLED' | 'DISABLED' | 'UNKNOWN';

/** Okta answers 200 for every application, with `UNKNOWN` as the status or as the authentication scheme. */
export async function connectionStatus(okta: OktaClient, app: OktaApp): Promise<ConnectionStatus> {
  const found = await okta.find(connectionPath(app), connection);
  if (found === null) return 'UNKNOWN';
  const values = [found.status, found.authScheme, found.profile?.authScheme];
  if (values.some((value) => value?.toUpperCase() === 'UNKNOWN')) return 'UNKNOWN';
  return found.status?.toUpperCase() === 'ENABLED' ? 'ENABLED' : 'DISABLED';
}

/** Sets the token and activates the connection with it. Throws `E_REJECTED` where Okta rejects it. */
export async function setToken(
  okta: OktaClient,
  app: OktaApp,
  accessToken: string,
  onResponseLost: () => void,
): Promise<void> {
  const response = await okta.send({
    method: 'POST',
    path: `${connectionPath(app)}?activate=true`,
    json: { profile: { authScheme: 'TOKEN', token: accessToken } },
    onResponseLost,
  });
  if (response.ok) return;
  const { status, detail } = response.failure;
  if (status !== 400) throw oktaError(response.failure);
  const quoted = detail === null ? '' : ` Okta says: “${detail}”`;
  throw new BrokerError('E_REJECTED', `Okta rejected the token (400).${quoted}`, {
    help: [
      'Check that the Organization ID is set on the application’s Provisioning page.',
      { text: 'To test the token from here', command: ['test', 'PROFILE'], only: 'terminal' },
      { text: 'Test the token on the page of the organization.', only: 'page' },
    ],
  });
}

export async function activate(okta: OktaClient, app: OktaApp): Promise<void> {
  await okta.change({ method: 'POST', path: `${connectionPath(app)}/lifecycle/activate` });
}

function connectionPath({ id }: OktaApp): string {
  return `/api/v1/apps/${encodeURIComponent(id)}/connections/default`;
}
