import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';

export interface SignInOptions {
  deployment?: Deployment;
  orgId?: string;
  open: boolean;
  timeout: number;
  approve?: boolean;
}

/** What `login` and `import` have in common. */
export function addSignInOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--deployment <name>', 'which Webex (a new profile: commercial)').choices(deployments),
    )
    .option('--org-id <id>', 'the organization ID, a UUID or as the API writes it; else the token tells it')
    .option('--no-open', 'leave the browser alone')
    .option('--timeout <seconds>', 'how long to wait for the sign-in', seconds, 300)
    .option(
      '--approve',
      'make the token current even if it is of another organization, not of a full administrator, or not verified',
    );
}

/** Throws `E_ORGANIZATION_ID`. */
export function signInRequest(profile: string, options: SignInOptions): SignInRequest {
  return {
    profile,
    deployment: options.deployment,
    orgId: options.orgId === undefined ? undefined : parseOrganizationId(options.orgId),
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 3600) return value;
  throw new InvalidArgumentError('It is a whole number of seconds from 1 to 3600.');
}
