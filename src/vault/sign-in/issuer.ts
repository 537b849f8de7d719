import { BrokerError } from '../../errors/broker-error.ts';
import {
  type Deployment,
  deployments,
  deploymentTitles,
  publishedEndpoints,
} from '../../webex/deployments.ts';
import type { Vault } from '../context.ts';

/** The deployments whose ID broker has this issuer, as it is configured or published. RFC 9207 §2.4: compared as text. */
function deploymentsOf({ settings }: Pick<Vault, 'settings'>, issuer: string): Deployment[] {
  return deployments.filter((each) =>
    [settings.webex[each].idbroker, publishedEndpoints[each].idbroker].includes(issuer),
  );
}

/** The deployment whose ID broker `iss` (RFC 9207) names; null where it is absent, unknown, or names both. */
export function deploymentOfIssuer(vault: Pick<Vault, 'settings'>, issuer: string | null): Deployment | null {
  const [named = null, ...more] = issuer === null ? [] : deploymentsOf(vault, issuer);
  return more.length === 0 ? named : null;
}

/**
 * Refuses an answer whose `iss` (RFC 9207) is not the ID broker of the deployment that was asked. Webex does not promise
 * to send one, so an answer without it is accepted. Throws `E_ISSUER`.
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
      'The answer comes from the other ID broker than the one that was asked.',
      {
        help: 'Start over from here, and choose Webex or Webex for Government, whichever your organization is in.',
      },
    );
  }
  throw new BrokerError(
    'E_ISSUER',
    `The answer does not come from the ID broker of ${deploymentTitles[deployment]}: its "iss" names another server.`,
    { help: 'Do not use this answer. Start over from here, and sign in at the address that opens.' },
  );
}
