import { Command } from 'commander';
import { handoffLabels } from '../../handoff/handoffs.ts';
import { listSummaries } from '../../vault/profiles.ts';
import { statusWord } from '../status-word.ts';
import { table } from '../table.ts';
import { note, print, printJson } from '../terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('list')
    .description('What is held, and how long it lives. Never the tokens themselves.')
    .option('--json', 'as an array, for programs')
    .addHelpText('after', '\nExample:\n  webex-token list --json')
    .action(list);
}

async function list(options: { json?: boolean }): Promise<void> {
  const { profiles, places } = await withVault(async (vault) => ({
    profiles: await listSummaries(vault),
    places: await handoffLabels(vault),
  }));
  if (options.json) return printJson(profiles);
  if (profiles.length === 0) {
    note('Nothing is held yet. Get a first token with: webex-token login NAME');
    return;
  }
  const rows = profiles.map((each) => [
    each.profile,
    statusWord(each.status),
    each.expiresAt === null ? '' : each.expiresAt.slice(0, 10),
    each.daysLeft === null ? '' : String(each.daysLeft),
    each.deployment,
    each.account ?? '',
    places.get(each.profile) ?? '',
  ]);
  print(table(['PROFILE', 'STATUS', 'EXPIRES', 'DAYS', 'DEPLOYMENT', 'ACCOUNT', 'HANDED TO'], rows));
}
