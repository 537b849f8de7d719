import * as z from 'zod';
import { BrokerError } from '../../errors/broker-error.ts';
import { type OktaClient, oktaError } from './client.ts';
import type { OktaApp } from './find-app.ts';

const connection = z.object({
  status: z.string().nullish(),
  authScheme: z.string().nullish(),
  profile: z.object({ authScheme: z.string().nullish() }).nullish(),
});

/** An application's provisioning connection: `UNKNOWN` is one that Okta's API does not serve. */
export type ConnectionStatus = 'ENABLED' | 'DISABLED' | 'UNKNOWN';

/** Okta answers 200 for every application, and says `UNKNOWN` in the status, or in place of the authentication. */
export async function connectionStatus(okta: OktaClient, app: OktaApp): Promise<ConnectionStatus> {
  const found = await okta.find(connectionPath(app), connection);
  if (found === null) return 'UNKNOWN';
  const words = [found.status, found.authScheme, found.profile?.authScheme];
  if (words.some((word) => word?.toUpperCase() === 'UNKNOWN')) return 'UNKNOWN';
  return found.status?.toUpperCase() === 'ENABLED' ? 'ENABLED' : 'DISABLED';
}

/** Sets the token, and activates the connection with it. Throws `E_REJECTED` where Okta does not take it. */
export async function setToken(
  okta: OktaClient,
  app: OktaApp,
  accessToken: string,
  onResponseLost: () => void,
): Promise<void> {
  const answer = await okta.send({
    method: 'POST',
    path: `${connectionPath(app)}?activate=true`,
    json: { profile: { authScheme: 'TOKEN', token: accessToken } },
    onResponseLost: onResponseLost,
  });
  if (answer.ok) return;
  if (answer.failure.status !== 400) throw oktaError(answer.failure);
  const said = answer.failure.detail === null ? '' : ` It says: “${answer.failure.detail}”`;
  throw new BrokerError('E_REJECTED', `Okta did not take the token (400).${said}`, {
    help: 'Check that the Organization ID is set on the application’s Provisioning page, and "webex-token test NAME".',
  });
}

export async function activate(okta: OktaClient, app: OktaApp): Promise<void> {
  const answer = await okta.send({ method: 'POST', path: `${connectionPath(app)}/lifecycle/activate` });
  if (!answer.ok) throw oktaError(answer.failure);
}

function connectionPath({ id }: OktaApp): string {
  return `/api/v1/apps/${encodeURIComponent(id)}/connections/default`;
}
