import { Command, Option } from 'commander';
import { type Format, formats, formatToken } from '../../output/formats.ts';
import { toTokenOutput } from '../../output/token-output.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { printExactly, readStandardInput } from '../terminal/terminal.ts';
import { warnOfExpiry } from '../terminal/warn-of-expiry.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('get')
    .description('Print the current token.')
    .argument('[profile]', 'the profile (with --format terraform, the query on standard input can name it)')
    .addOption(new Option('--format <format>', 'the output format').choices(formats).default('raw'))
    .option('--allow-expired', 'print the token even if it has expired')
    .addHelpText(
      'after',
      `
Formats:
  raw              only the token
  json             the token with its expiry, scope, organization and tenant URL
  env              NAME=value lines for .env files, Docker and systemd
  shell            eval "$(webex-token get acme --format shell)"
  powershell       webex-token get acme --format powershell | Out-String | Invoke-Expression
  header           webex-token get acme --format header | curl -H @- …
  curl             webex-token get acme --format curl | curl -K - …
  terraform        the protocol of Terraform's "external" data source
  exec-credential  a credential plugin for kubectl and other Kubernetes clients

Example:
  webex-token get acme --format header | curl -H @- https://webexapis.com/v1/people/me`,
    )
    .action(get);
}

interface GetOptions {
  format: Format;
  allowExpired?: boolean;
}

async function get(this: Command, argument: string | undefined, options: GetOptions): Promise<void> {
  const name = await profileName(this, argument, options.format);
  const text = await withVault(async (vault, actor) => {
    const token = await readToken(vault, name, actor, options.allowExpired);
    warnOfExpiry(vault, token);
    return formatToken(options.format, toTokenOutput(vault, token));
  });
  printExactly(text);
}

async function profileName(command: Command, argument: string | undefined, format: Format): Promise<string> {
  if (format === 'terraform') {
    const { profileOfQuery } = await import('../../output/terraform-query.ts');
    return profileOfQuery(argument, process.stdin.isTTY ? '' : await readStandardInput());
  }
  return argument ?? command.error("error: missing required argument 'profile'");
}
