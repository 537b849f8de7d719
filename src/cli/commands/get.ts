import { Command, Option } from 'commander';
import { type Format, formats, formatToken } from '../../handoff/formats.ts';
import { readToken } from '../../vault/read-token.ts';
import { tenantUrl } from '../../webex/deployments.ts';
import { print } from '../terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('get')
    .description('Print the current token.')
    .argument('<profile>')
    .addOption(new Option('--format <format>', 'how').choices(formats).default('raw'))
    .option('--allow-expired', 'also when its time is over')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token get acme --format header | curl -H @- https://webexapis.com/v1/people/me',
    )
    .action(get);
}

async function get(name: string, options: { format: Format; allowExpired?: boolean }): Promise<void> {
  print(
    await withVault(async (vault, actor) => {
      const { accessToken, profile, token, expiry } = await readToken(
        vault,
        name,
        actor,
        options.allowExpired,
      );
      return formatToken(options.format, {
        accessToken,
        expiresIn: Math.floor((expiry.expiresAt - vault.now()) / 1000),
        expiresAt: new Date(expiry.expiresAt).toISOString(),
        scope: token.scopes.join(' '),
        orgId: profile.orgId,
        tenantUrl:
          profile.orgId === null ? null : tenantUrl(vault.settings.webex[profile.deployment], profile.orgId),
        profile: profile.name,
      });
    }),
  );
}
