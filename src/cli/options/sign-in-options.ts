import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseOrganizationName } from '../../domain/profile.ts';
import type { SignInRequest } from '../../vault/sign-in/start-sign-in.ts';
import { type Deployment, deployments } from '../../webex/deployments.ts';
import { parseOrganizationId } from '../../webex/organization-id.ts';

export interface TokenOptions {
  deployment?: Deployment;
  orgId?: string;
  approve?: boolean;
}

export interface SignInOptions extends TokenOptions {
  open: boolean;
  timeout: number;
}

const noOpenFlag = '--no-open';
const timeoutFlags = '--timeout <seconds>';

/** Options of every command that stores a token: `login`, `import` and `renew`. */
export function addTokenOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--deployment <name>',
        'the Webex deployment (default for a new profile: commercial)',
      ).choices(deployments),
    )
    .option('--org-id <id>', 'the organization ID, as a UUID or base64url (default: from the token)')
    .option(
      '--approve',
      'use the token even if it belongs to another organization, not to a full administrator, or cannot be verified',
    );
}

/** Options of `login` and `renew`, which wait for a person to sign in. */
export function addSignInOptions(command: Command): Command {
  return addTokenOptions(command)
    .option(noOpenFlag, "don't open a browser")
    .option(timeoutFlags, 'how long to wait for the sign-in', seconds, 300);
}

/** For `login`: signs in with a browser on another computer. */
export function addPasteOption(command: Command): Command {
  return command.option(
    '--paste',
    'for hosts without a browser: sign in on any computer, then paste the address of the page that you land on',
  );
}

/** The profile in which a command stores a token. */
export function addProfileArgument(command: Command): Command {
  return command.argument(
    '<profile>',
    'the profile, or the name of a new organization, such as "Acme Corporation"',
  );
}

/** `import` accepts all options of `login`, but ignores these two. */
export function addIgnoredSignInOptions(command: Command): Command {
  return command
    .addOption(new Option(noOpenFlag).hideHelp())
    .addOption(new Option(timeoutFlags).argParser(seconds).hideHelp());
}

/** For commands that get one new token or several. */
export function addPushOption(command: Command): Command {
  return command.option('--push', 'then install the token in every destination of the profile');
}

/** `organization`: a profile, or the name of a new organization. Throws `E_PROFILE_NAME`, `E_ORGANIZATION_ID`. */
export function signInRequest(organization: string, options: TokenOptions): SignInRequest {
  const { name, displayName } = parseOrganizationName(organization);
  return {
    profile: name,
    displayName,
    deployment: options.deployment,
    orgId: options.orgId === undefined ? undefined : parseOrganizationId(options.orgId),
  };
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 3600) return value;
  throw new InvalidArgumentError('Use a whole number of seconds from 1 to 3600.');
}
