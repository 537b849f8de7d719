import { Command } from 'commander';
import { BrokerError } from '../../errors.ts';
import { findServer } from '../../server/presence.ts';
import { newEntryLink } from '../../vault/entry-links.ts';
import { hasDesktop } from '../browser.ts';
import { linksTo } from '../links.ts';
import { showTheWayIn } from '../show-the-way-in.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('open')
    .description('Open the running web app, already signed in.')
    .option('--no-open', 'only print the link')
    .addHelpText('after', '\nExample:\n  webex-token open')
    .action(openApp);
}

async function openApp(options: { open: boolean }): Promise<void> {
  await withVault(async (vault) => {
    const server = await findServer(vault.settings.home);
    if (server === null) {
      throw new BrokerError('E_NOT_RUNNING', 'The web app is not running for this data folder.', {
        help: 'Start it with: webex-token serve',
      });
    }
    await showTheWayIn(
      linksTo(`/enter/${await newEntryLink(vault, { ownUserOnly: options.open && hasDesktop() })}`, server),
      options.open,
    );
  });
}
