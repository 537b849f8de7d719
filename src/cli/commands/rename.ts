import { Command } from 'commander';
import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import { relayClientsOf } from '../../vault/clients/clients.ts';
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
  await withVault(async (vault, actor) => {
    await renameProfile(vault, oldName, newName, actor);
    note(`Renamed "${oldName}" to "${newName}".`);
    const clients = await relayClientsOf(vault, newName);
    if (clients.length === 0) return;
    const address = relayTenantUrl(issuerOf(vault.settings), newName);
    note(`The address of its SCIM relay is now ${address}. Enter it where ${clients.join(', ')} is used.`);
  });
}
