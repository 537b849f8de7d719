import { BrokerError } from '../errors.ts';
import { type Deployment, deployments } from '../webex/deployments.ts';
import type { Vault } from './vault.ts';

/** The deployment whose ID broker `iss` (RFC 9207) names; null where it is absent, unknown, or names both. */
export function deploymentOfIssuer(
  { settings }: Pick<Vault, 'settings'>,
  issuer: string | null,
): Deployment | null {
  const origin = issuer === null ? undefined : URL.parse(issuer)?.origin;
  const named = deployments.filter((each) => new URL(settings.webex[each].idbroker).origin === origin);
  return named.length === 1 ? (named[0] ?? null) : null;
}

/** RFC 9207, as far as it goes here: an answer that names the other deployment's ID broker is refused. */
export function refuseOtherBroker(vault: Vault, issuer: string | null, deployment: Deployment): void {
  const named = deploymentOfIssuer(vault, issuer);
  if (named === null || named === deployment) return;
  throw new BrokerError(
    'E_ISSUER',
    'The answer comes from the other ID broker than the one that was asked.',
    {
      help: 'Start over from here, and choose Webex or Webex for Government, whichever your organization is in.',
    },
  );
}
