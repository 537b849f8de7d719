import { Command } from 'commander';
import { issuerOf, relayTenantUrl } from '../../config/issuer.ts';
import { parseOrganizationName } from '../../domain/profile.ts';
import { relayClientsOf } from '../../vault/clients/clients.ts';
import type { Actor, Vault } from '../../vault/context.ts';
import { changeDisplayName, renameProfile } from '../../vault/profiles/profiles.ts';
import { note, suggestNext } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('rename')
    .description('Rename a profile. Its tokens and destinations stay with it.')
    .argument('<old>', 'its current name')
    .argument('<new>', 'its new name; a name such as "Acme Corporation" becomes its display name')
    .addHelpText(
      'after',
      '\nPages and emails show the display name; commands use the profile name.\n\nExamples:\n  webex-token rename acme acme-corp\n  webex-token rename acme "Acme Corporation"',
    )
    .action(rename);
}

async function rename(oldName: string, newName: string): Promise<void> {
  const { name, displayName } = parseOrganizationName(newName);
  await withVault(async (vault, actor) => {
    if (displayName === null) return await changeName(vault, oldName, name, actor);
    await changeDisplayName(vault, oldName, displayName, actor);
    note(`The display name of "${oldName}" is now "${displayName}". Commands keep using "${oldName}".`);
    if (name !== oldName) suggestNext(['rename', oldName, name]);
  });
}

async function changeName(vault: Vault, oldName: string, name: string, actor: Actor): Promise<void> {
  await renameProfile(vault, oldName, name, actor);
  note(`Renamed "${oldName}" to "${name}".`);
  suggestNext(['show', name]);
  const clients = await relayClientsOf(vault, name);
  if (clients.length === 0) return;
  const address = relayTenantUrl(issuerOf(vault.settings), name);
  note(
    `The address of its SCIM relay is now ${address}. Enter the new address wherever ${clients.join(', ')} is used.`,
  );
}
