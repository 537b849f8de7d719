import { Command } from 'commander';
import type { TokenSummary } from '../../domain/profile-summary.ts';
import { listDestinations, outdatedMessages } from '../../provisioning/destinations.ts';
import { showProfile } from '../../vault/profiles/profiles.ts';
import { activateStoredToken, removeToken, requireTokenOf } from '../../vault/tokens/stored-tokens.ts';
import { failed } from '../exit-codes.ts';
import { confirm } from '../terminal/confirm.ts';
import { table } from '../terminal/table.ts';
import { note, print, printJson, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('token')
    .description('List a profile’s tokens, make a previous one current again, or delete one.')
    .addCommand(listCommand())
    .addCommand(activateCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('List a profile’s tokens by ID, newest first, never their values.')
    .argument('<profile>')
    .option('--json', 'as an array, for programs')
    .addHelpText('after', '\nExample:\n  webex-token token list acme')
    .action(list);
}

async function list(name: string, options: { json?: boolean }): Promise<void> {
  const { tokens } = await withVault((vault) => showProfile(vault, name));
  if (options.json) return printJson(tokens);
  if (tokens.length === 0) return note(`"${name}" holds no token.`);
  print(table(['ID', 'STATE', 'CAPTURED', 'EXPIRES', 'ACCOUNT'], tokens.map(row)));
}

function row({ id, state, reviewReason, capturedAt, expiresAt, account }: TokenSummary): string[] {
  const why = reviewReason === null ? state : `${state} (${reviewReason})`;
  return [id, why, capturedAt.slice(0, 10), expiresAt?.slice(0, 10) ?? 'not known', account ?? ''];
}

function activateCommand(): Command {
  return new Command('activate')
    .description('Make one of a profile’s tokens the current one.')
    .argument('<profile>')
    .argument('<id>', 'the token’s ID, as "token list" shows it')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token token activate acme 0b9fd7a3-4f5e-4d1c-9a57-6a3a3f1d2c10\n\nWebex is asked first. A token that it rejects, or that has expired, is refused.',
    )
    .action(activate);
}

async function activate(name: string, id: string): Promise<void> {
  await withVault(async (vault, actor) => {
    await activateStoredToken(vault, name, id, actor);
    note(`"${name}" uses this token now.`);
    for (const sentence of outdatedMessages(name, await listDestinations(vault, name))) warn(sentence);
  });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Delete one of a profile’s tokens from this store.')
    .argument('<profile>')
    .argument('<id>', 'the token’s ID, as "token list" shows it')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  webex-token token remove acme 0b9fd7a3-4f5e-4d1c-9a57-6a3a3f1d2c10')
    .action(remove);
}

async function remove(name: string, id: string, options: { yes?: boolean }): Promise<void> {
  await withVault(async (vault, actor) => {
    const { token, profile } = await requireTokenOf(vault, name, id);
    const use = token.state === 'current' ? `, which "${name}" uses now` : '';
    const captured = new Date(token.capturedAt).toISOString().slice(0, 10);
    if (!options.yes && !(await confirm(`Delete the token of ${captured}${use}?`))) {
      note('Nothing was deleted.');
      process.exitCode = failed;
      return;
    }
    await removeToken(vault, name, id, actor);
    note(`The token was deleted from this store. Webex goes on accepting it until it expires.`);
    const { idbroker } = vault.settings.webex[profile.deployment];
    note(`The person who signed in can revoke it at ${idbroker}/profile#/tokens`);
  });
}
