import { Command } from 'commander';
import type { TokenSummary } from '../../domain/profile-summary.ts';
import { listDestinations, outdatedMessages } from '../../provisioning/destinations.ts';
import { showProfile } from '../../vault/profiles/profiles.ts';
import { activateStoredToken, removeToken, requireTokenOf } from '../../vault/tokens/stored-tokens.ts';
import { confirmDestructive } from '../terminal/confirm.ts';
import { printTable } from '../terminal/print-table.ts';
import { note, printJson, suggestNext, warn } from '../terminal/terminal.ts';
import { dateInSentence, dateInTable } from '../terminal/time.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('token')
    .description('List, activate or remove the tokens of a profile.')
    .addCommand(listCommand())
    .addCommand(activateCommand())
    .addCommand(removeCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('List the tokens of a profile, newest first. Their values are not shown.')
    .argument('<profile>')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  webex-token token list acme')
    .action(list);
}

async function list(name: string, options: { json?: boolean }): Promise<void> {
  const { tokens } = await withVault((vault) => showProfile(vault, name));
  if (options.json) return printJson(tokens);
  if (tokens.length === 0) return note(`"${name}" has no tokens.`);
  printTable(['ID', 'STATE', 'CAPTURED', 'EXPIRES', 'ACCOUNT'], tokens.map(row));
}

function row({ id, state, reviewReason, capturedAt, expiresAt, account }: TokenSummary): string[] {
  const why = reviewReason === null ? state : `${state} (${reviewReason})`;
  return [
    id,
    why,
    dateInTable(capturedAt),
    expiresAt === null ? 'unknown' : dateInTable(expiresAt),
    account ?? '',
  ];
}

function activateCommand(): Command {
  return new Command('activate')
    .description('Make a token the current token of its profile.')
    .argument('<profile>')
    .argument('<id>', 'the ID of the token, from "token list"')
    .addHelpText(
      'after',
      '\nExample:\n  webex-token token activate acme 0b9fd7a3-4f5e-4d1c-9a57-6a3a3f1d2c10\n\nThe token is first checked with Webex. A token that has expired or that Webex rejects cannot be activated.',
    )
    .action(activate);
}

async function activate(name: string, id: string): Promise<void> {
  await withVault(async (vault, actor) => {
    await activateStoredToken(vault, name, id, actor);
    note(`"${name}" now uses this token.`);
    suggestNext(['test', name]);
    for (const sentence of outdatedMessages(name, await listDestinations(vault, name))) warn(sentence);
  });
}

function removeCommand(): Command {
  return new Command('remove')
    .description('Delete a token from this store.')
    .argument('<profile>')
    .argument('<id>', 'the ID of the token, from "token list"')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  webex-token token remove acme 0b9fd7a3-4f5e-4d1c-9a57-6a3a3f1d2c10')
    .action(remove);
}

async function remove(name: string, id: string, options: { yes?: boolean }): Promise<void> {
  await withVault(async (vault, actor) => {
    const { token, profile } = await requireTokenOf(vault, name, id);
    const use = token.state === 'current' ? `, which "${name}" uses now` : '';
    const captured = dateInSentence(token.capturedAt);
    const question = `Delete the token captured on ${captured}${use}?`;
    if (!(await confirmDestructive(question, 'Nothing was deleted.', options))) return;
    await removeToken(vault, name, id, actor);
    const { idbroker } = vault.settings.webex[profile.deployment];
    note('Token deleted from this store. Webex still accepts it until it expires.');
    suggestNext(['token', 'list', name]);
    note(`The person who signed in can revoke it: ${idbroker}/profile#/tokens`);
  });
}
