import { Command } from 'commander';
import { removeProfile } from '../../vault/profiles/profiles.ts';
import { note } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('remove')
    .description('Forget a profile and all its tokens.')
    .argument('<profile>')
    .addHelpText('after', '\nExample:\n  webex-token remove acme')
    .action(remove);
}

async function remove(name: string): Promise<void> {
  await withVault((vault, actor) => removeProfile(vault, name, actor));
  note(`Removed "${name}" with its tokens from this store.`);
  note(
    'Webex goes on accepting a token until it expires. The person who signed in can revoke it at ' +
      'https://idbroker.webex.com/idb/profile#/tokens',
  );
}
