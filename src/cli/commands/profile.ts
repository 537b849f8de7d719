import { Command } from 'commander';
import { parseDisplayName, profileLabel } from '../../domain/profile.ts';
import { parseContact } from '../../domain/tags.ts';
import { BrokerError } from '../../errors/broker-error.ts';
import { iterateProfiles } from '../../store/profiles/query.ts';
import { profileCsvHeader, profileCsvLine } from '../../vault/profiles/profile-csv.ts';
import { changeDisplayName, requireProfile } from '../../vault/profiles/profiles.ts';
import { changeTagsAndContact } from '../../vault/profiles/tags-and-contact.ts';
import { addFilterOptions, type FilterOptions, profileFilter, tagOption } from '../options/profile-filter.ts';
import { isOutputClosed, writeResult } from '../terminal/output.ts';
import { note, suggestNext } from '../terminal/terminal.ts';
import { withStore } from '../with-store.ts';
import { withVault } from '../with-vault.ts';
import { profileImportCommand } from './profile-import.ts';

export function command(): Command {
  return new Command('profile')
    .description('Change profiles, and import or export them as a CSV file.')
    .addCommand(setCommand())
    .addCommand(profileImportCommand())
    .addCommand(exportCommand());
}

function setCommand(): Command {
  return new Command('set')
    .description('Change the display name, the contact or the tags of a profile.')
    .argument('<profile>')
    .option('--display-name <name>', 'the name that people see; "" removes it')
    .option('--contact <address>', 'the email address that gets its reminders; "" removes it')
    .option('--tag <tag...>', 'add these tags', tagsOption)
    .option('--remove-tag <tag...>', 'remove these tags', tagsOption)
    .addHelpText(
      'after',
      '\nExamples:\n  webex-token profile set acme --display-name "Acme Corporation"\n  webex-token profile set acme --contact it@acme.example --tag emea gold',
    )
    .action(set);
}

interface SetOptions {
  displayName?: string;
  contact?: string;
  tag?: string[];
  removeTag?: string[];
}

async function set(name: string, { displayName, contact, tag, removeTag }: SetOptions): Promise<void> {
  const change = {
    ...(contact !== undefined && { contact: contact.trim() === '' ? null : parseContact(contact) }),
    ...(tag !== undefined && { addTags: tag }),
    ...(removeTag !== undefined && { removeTags: removeTag }),
  };
  if (displayName === undefined && Object.keys(change).length === 0) {
    throw new BrokerError('E_USAGE', 'No change was given.', {
      help: { text: 'To see the options', command: ['profile', 'set', '--help'], only: 'terminal' },
    });
  }
  if (displayName !== undefined) parseDisplayName(displayName);
  await withVault(async (vault, actor) => {
    if (displayName !== undefined) await changeDisplayName(vault, name, displayName, actor);
    await changeTagsAndContact(vault, [name], change, actor);
    const profile = await requireProfile(vault, name);
    const tags = profile.tags.length === 0 ? 'no tags' : `tags ${profile.tags.join(', ')}`;
    note(`Saved ${profileLabel(profile)}: ${profile.contact ?? 'no contact'}, ${tags}.`);
    suggestNext(['show', name]);
  });
}

function exportCommand(): Command {
  return addFilterOptions(
    new Command('export').description('Print the profiles as a CSV file, without their tokens.'),
  )
    .addHelpText(
      'after',
      '\n"profile import" can read this file.\n\nExample:\n  webex-token profile export --tag emea > customers.csv',
    )
    .action(exportProfiles);
}

async function exportProfiles(filter: FilterOptions): Promise<void> {
  await withStore(async ({ db, now }) => {
    writeResult(profileCsvHeader);
    for await (const page of iterateProfiles(db, profileFilter(filter, now()), now())) {
      writeResult(page.map(({ profile }) => profileCsvLine(profile)).join(''));
      if (isOutputClosed()) return;
    }
  });
}

function tagsOption(text: string, previous: string[] = []): string[] {
  return [...previous, tagOption(text)];
}
