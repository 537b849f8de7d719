import { BrokerError } from '../../errors/broker-error.ts';
import {
  type Deployment,
  deployments,
  deploymentTitles,
  publishedEndpoints,
} from '../../webex/deployments.ts';
import type { Vault } from '../context.ts';

/** The deployments whose configured or published ID broker matches this issuer, compared as text (RFC 9207 §2.4). */
function deploymentsOf({ settings }: Pick<Vault, 'settings'>, issuer: string): Deployment[] {
  return deployments.filter((each) =>
    [settings.webex[each].idbroker, publishedEndpoints[each].idbroker].includes(issuer),
  );
}

/** The deployment whose ID broker is named in `iss` (RFC 9207); null if `iss` is absent, unknown or ambiguous. */
export function deploymentOfIssuer(vault: Pick<Vault, 'settings'>, issuer: string | null): Deployment | null {
  const [named = null, ...more] = issuer === null ? [] : deploymentsOf(vault, issuer);
  return more.length === 0 ? named : null;
}

/**
 * Rejects a redirect whose `iss` (RFC 9207) is not the expected deployment's ID broker. Webex does not guarantee to send `iss`,
 * so a redirect without it is accepted. Throws `E_ISSUER`.
 */
export function assertIssuer(
  vault: Pick<Vault, 'settings'>,
  issuer: string | null,
  deployment: Deployment,
): void {
  if (issuer === null) return;
  const named = deploymentsOf(vault, issuer);
  if (named.includes(deployment)) return;
  if (named.length > 0) {
    throw new BrokerError(
      'E_ISSUER',
      'The redirect comes from the ID broker of the other Webex deployment.',
      {
        help: 'Start the sign-in again, and choose the deployment of your organization: Webex or Webex for Government.',
      },
    );
  }
  throw new BrokerError(
    'E_ISSUER',
    `The redirect does not come from the ID broker of ${deploymentTitles[deployment]}: its "iss" names another server.`,
    { help: 'Do not use this redirect. Start the sign-in again, and sign in at the address that opens.' },
  );
}
