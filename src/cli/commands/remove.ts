import { Command } from 'commander';
import { removeProfile, requireProfile } from '../../vault/profiles/profiles.ts';
import { confirmDestructive } from '../terminal/confirm.ts';
import { note, suggestNext } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('remove')
    .description('Delete a profile and its tokens from this store.')
    .argument('<profile>')
    .option('--yes', 'do not ask for confirmation')
    .addHelpText('after', '\nExample:\n  webex-token remove acme')
    .action(remove);
}

async function remove(name: string, options: { yes?: boolean }): Promise<void> {
  await withVault(async (vault, actor) => {
    const { deployment } = await requireProfile(vault, name);
    const question = `Delete "${name}" and its tokens?`;
    if (!(await confirmDestructive(question, 'Nothing was deleted.', options))) return;
    await removeProfile(vault, name, actor);
    const { idbroker } = vault.settings.webex[deployment];
    note(`Deleted "${name}" and its tokens from this store.`);
    note('Webex still accepts a token until it expires.');
    note(`The person who signed in can revoke it: ${idbroker}/profile#/tokens`);
    suggestNext(['list']);
  });
}
