import { Command, Option } from 'commander';
import type { ProviderId } from '../../domain/providers.ts';
import { providerTitle } from '../../domain/providers.ts';
import { type EntraCloud, entraClouds } from '../../provisioning/entra/clouds.ts';
import type { ManualSetup } from '../../provisioning/push/manual-setup.ts';
import type { Via } from '../../provisioning/push/provider-push.ts';
import { PushError } from '../../provisioning/push/push-error.ts';
import type { PushReport } from '../../provisioning/push/push-profile.ts';
import { manualSetupFor } from '../push/manual-setup.ts';
import { runPush } from '../push/run-push.ts';
import { print, printJson, suggestNext } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('push')
    .description('Give Entra ID or Okta access to Webex, and test it there.')
    .addCommand(entra())
    .addCommand(okta())
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token push entra acme --via relay\n  webex-token push entra acme --dry-run',
    );
}

function entra(): Command {
  return new Command('entra')
    .description(
      'Connect Microsoft Entra ID: install the token, or give it access through this server. The credentials are tested before they are saved.',
    )
    .argument('<profile>')
    .addOption(
      new Option(
        '--via <way>',
        'token: the Webex token itself (default); relay: the address of the SCIM relay and a secret; oauth: the token endpoint and client credentials',
      ).choices(['token', 'relay', 'oauth']),
    )
    .option(
      '--app <id>',
      'the object ID or application ID of the enterprise application (default: search for it)',
    )
    .addOption(
      new Option(
        '--cloud <name>',
        'the Microsoft cloud (default: the one used last, or else global)',
      ).choices(entraClouds),
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
With --via relay or oauth, there is nothing to do in Entra ID after a renewal. Entra ID has to reach this server's
address (WEBEX_TOKEN_ISSUER) over https. Run the same command again to create a new secret. To switch back to the
token, use --via token.

To sign in unattended, set AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or
AZURE_CLIENT_CERTIFICATE_PATH. Without the last two, you sign in with a code in your browser.

Examples:
  webex-token push entra acme --app 11111111-2222-3333-4444-555555555555 --start
  webex-token push entra acme --via relay`,
    )
    .action((profile: string, options: Options) => push('entra', profile, options));
}

function okta(): Command {
  return new Command('okta')
    .description(
      'Connect Okta: install the token, or give it access through the relay. If its API does not support this, print the values to enter.',
    )
    .argument('<profile>')
    .addOption(
      new Option(
        '--via <way>',
        'token: the Webex token itself (default); relay: the address of the SCIM relay and a secret',
      ).choices(['token', 'relay']),
    )
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
With --via relay, there is nothing to do in Okta after a renewal. This requires a SCIM application with header
authentication, because the Cisco Webex application from the catalog has no field for the address.

To sign in to Okta, set OKTA_CLIENT_ORGURL, and OKTA_CLIENT_TOKEN or OKTA_CLIENT_CLIENTID and
OKTA_CLIENT_PRIVATEKEY.

Examples:
  webex-token push okta acme --app 0oa1example
  webex-token push okta acme --via relay`,
    )
    .action((profile: string, options: Options) => push('okta', profile, options));
}

interface Options {
  via?: Via;
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
  await withVault(async (vault, actor) => {
    try {
      // With `--json`, the requests are part of the JSON object.
      const report = await runPush(provider, vault, profile, actor, options, dryRun && !json);
      if (json) printJson(report);
      else if (!dryRun) print(resultLine(report));
      suggestNext(dryRun ? ['push', provider, profile, ...viaOption(options.via)] : ['status']);
    } catch (error) {
      if (!(error instanceof PushError)) throw error;
      const setup = await manualSetupFor(vault, profile, error, actor, dryRun);
      if (json) printJson(failureObject(provider, error, setup));
      throw error;
    }
  });
}

function viaOption(via: Via | undefined): string[] {
  return via === undefined ? [] : ['--via', via];
}

function resultLine({ provider, profile, app, via }: PushReport): string {
  const title = providerTitle(provider);
  const where = `${app.name} (${app.id})`;
  if (via === 'token') return `${title} has the token of "${profile}", and its test passed: ${where}`;
  const how = via === 'relay' ? 'through the SCIM relay' : 'with tokens from the token endpoint';
  return `${title} reaches Webex for "${profile}" ${how}, and its test passed: ${where}. It is always current: after a renewal, there is nothing to do there.`;
}

function failureObject(
  provider: ProviderId,
  { code, message, help, remoteState, steps }: PushError,
  setup: ManualSetup | null,
): object {
  const manual = setup === null ? {} : { manualSetup: setup };
  return { ok: false, provider, code, message, help: help ?? null, remoteState, steps, ...manual };
}
