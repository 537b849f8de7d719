import type { Profile } from '../../domain/profile.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { deploymentTitles } from '../../webex/deployments.ts';

/** The error for a token of the other deployment, which can never be used for this profile. */
export function wrongDeployment({ name, deployment }: Pick<Profile, 'name' | 'deployment'>): BrokerError {
  const other = deployment === 'commercial' ? 'government' : 'commercial';
  return new BrokerError(
    'E_OTHER_DEPLOYMENT',
    `The token belongs to ${deploymentTitles[other]}, but the profile "${name}" to ${deploymentTitles[deployment]}.`,
    {
      help: [
        {
          text: 'Import it with another profile name',
          command: ['import', 'NAME', '--deployment', other],
          link: { label: 'Import a token', path: '/import' },
        },
      ],
    },
  );
}
