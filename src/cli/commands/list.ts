import { Command } from 'commander';
import type { ProfileSummary } from '../../domain/profile-summary.ts';
import { destinationLabels } from '../../provisioning/destinations.ts';
import { iterateSummaries } from '../../vault/profiles/profiles.ts';
import { addFilterOptions, type FilterOptions, profileFilter } from '../options/profile-filter.ts';
import { JsonArray } from '../terminal/json-array.ts';
import { isOutputClosed } from '../terminal/output.ts';
import { statusLabel } from '../terminal/status-label.ts';
import { table } from '../terminal/table.ts';
import { note, print } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';

export function command(): Command {
  const base = new Command('list').description(
    'What is held, and how long it lives. Never the tokens themselves.',
  );
  return addFilterOptions(base)
    .option('--json', 'as an array, for programs')
    .addHelpText('after', '\nExample:\n  webex-token list --expires-within 30 --json')
    .action(list);
}

async function list({ json, ...options }: FilterOptions & { json?: boolean }): Promise<void> {
  const filtered = Object.keys(options).length > 0;
  await withStore(async (records) => {
    const pages = iterateSummaries(records, profileFilter(options, records.now()));
    if (json) {
      const array = new JsonArray();
      for await (const page of pages) {
        array.addAll(page);
        if (isOutputClosed()) return;
      }
      array.end();
      return;
    }
    const profiles: ProfileSummary[] = [];
    for await (const page of pages) profiles.push(...page);
    if (profiles.length > 0) return print(toTable(profiles, await destinationLabels(records)));
    note(filtered ? 'None is so.' : 'Nothing is held yet. Get a first token with: webex-token login NAME');
  });
}

function toTable(profiles: ProfileSummary[], places: ReadonlyMap<string, string>): string {
  const rows = profiles.map((each) => [
    each.profile,
    statusLabel(each.status),
    each.expiresAt === null ? '' : each.expiresAt.slice(0, 10),
    each.daysLeft === null ? '' : String(each.daysLeft),
    each.deployment,
    each.account ?? '',
    places.get(each.profile) ?? '',
  ]);
  return table(['PROFILE', 'STATUS', 'EXPIRES', 'DAYS', 'DEPLOYMENT', 'ACCOUNT', 'HANDED TO'], rows);
}
