import type { Profile } from '../../domain/profile.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { deploymentTitles } from '../../webex/deployments.ts';

/** Why a token of the other deployment can never be this profile's. */
export function wrongDeployment({ name, deployment }: Pick<Profile, 'name' | 'deployment'>): BrokerError {
  const other = deployment === 'commercial' ? 'government' : 'commercial';
  return new BrokerError(
    'E_OTHER_DEPLOYMENT',
    `The token belongs to ${deploymentTitles[other]}, and the profile "${name}" to ${deploymentTitles[deployment]}.`,
    { help: `Store it under another name: webex-token import NAME --deployment ${other}` },
  );
}
