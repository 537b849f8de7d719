import { Command } from 'commander';
import { renameProfile } from '../../vault/profiles/profiles.ts';
import { note } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('rename')
    .description('Rename a profile. Its tokens and destinations stay with it.')
    .argument('<old>', 'its current name')
    .argument('<new>', 'its new name')
    .addHelpText('after', '\nExample:\n  webex-token rename acme acme-corp')
    .action(rename);
}

async function rename(oldName: string, newName: string): Promise<void> {
  await withVault((vault, actor) => renameProfile(vault, oldName, newName, actor));
  note(`Renamed "${oldName}" to "${newName}".`);
}
