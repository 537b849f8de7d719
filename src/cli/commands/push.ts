import { Command, Option } from 'commander';
import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { type EntraCloud, entraClouds } from '../../provisioning/entra/clouds.ts';
import { ManualSetupRequiredError } from '../../provisioning/okta/manual-setup.ts';
import { PushError } from '../../provisioning/push/push-error.ts';
import type { PushReport } from '../../provisioning/push/push-profile.ts';
import { runPush } from '../push/run-push.ts';
import { print, printJson } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('push')
    .description('Install the current token in Entra ID or Okta, and test it there.')
    .addCommand(entra())
    .addCommand(okta())
    .addHelpText('after', '\nExample:\n  webex-token push entra acme --dry-run');
}

function entra(): Command {
  return new Command('entra')
    .description('Install the token in Microsoft Entra ID. It is tested there before it is saved.')
    .argument('<profile>')
    .option(
      '--app <id>',
      'the object ID or application ID of the enterprise application (default: search for it)',
    )
    .addOption(
      new Option('--cloud <name>', 'the Microsoft cloud (remembered; at first: global)').choices(entraClouds),
    )
    .option(
      '--replace-organization',
      'use the application named by --app even if it belongs to another organization',
    )
    .option('--start', 'start provisioning if it is new or paused')
    .option('--dry-run', 'show every request and change nothing; the token is not decrypted')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
To sign in unattended, set AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or
AZURE_CLIENT_CERTIFICATE_PATH. Without the last two, you sign in with a code in your browser.

Example:
  webex-token push entra acme --app 11111111-2222-3333-4444-555555555555 --start`,
    )
    .action((profile: string, options: Options) => push('entra', profile, options));
}

function okta(): Command {
  return new Command('okta')
    .description('Install the token in Okta. If the API of Okta cannot do it, print what to paste where.')
    .argument('<profile>')
    .option('--app <id>', 'the ID of the application (default: search for it)')
    .option(
      '--replace-organization',
      'use the application named by --app even if it belongs to another profile',
    )
    .option('--dry-run', 'show every request and change nothing; the token is not decrypted')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
To sign in to Okta, set OKTA_CLIENT_ORGURL, and OKTA_CLIENT_TOKEN or OKTA_CLIENT_CLIENTID and
OKTA_CLIENT_PRIVATEKEY.

Example:
  webex-token push okta acme --app 0oa1example`,
    )
    .action((profile: string, options: Options) => push('okta', profile, options));
}

interface Options {
  app?: string;
  replaceOrganization?: boolean;
  dryRun?: boolean;
  json?: boolean;
  /** Entra ID only. */
  cloud?: EntraCloud;
  start?: boolean;
}

async function push(provider: ProviderId, profile: string, options: Options): Promise<void> {
  const { dryRun = false, json = false } = options;
  try {
    const report = await withVault((vault, actor) =>
      // With `--json`, the requests are part of the object.
      runPush(provider, vault, profile, actor, options, dryRun && !json),
    );
    if (json) printJson(report);
    else if (!dryRun) print(resultLine(report));
  } catch (error) {
    if (json && error instanceof PushError) printJson(failureObject(provider, error));
    throw error;
  }
}

function resultLine({ provider, profile, app }: PushReport): string {
  const title = providerTitle(provider);
  return `${title} has the token of "${profile}", and its test passed: ${app.name} (${app.id})`;
}

function failureObject(
  provider: ProviderId,
  { code, message, help, remoteState, steps, cause }: PushError,
): object {
  const manual = cause instanceof ManualSetupRequiredError ? { manualSetup: cause.manualSetup } : {};
  return { ok: false, provider, code, message, help: help ?? null, remoteState, steps, ...manual };
}
