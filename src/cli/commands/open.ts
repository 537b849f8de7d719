import { Command } from 'commander';
import { BrokerError } from '../../errors/broker-error.ts';
import { findRunningInstance } from '../../instance/instance-file.ts';
import { createAccessLink } from '../../vault/sign-in/access-links.ts';
import { chooseBrowser, willOpen } from '../sign-in/browser.ts';
import { linkTo } from '../sign-in/links.ts';
import { openWebApp } from '../sign-in/open-web-app.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('open')
    .description('Open the running web app, signed in.')
    .option('--no-open', "print the link, don't open a browser")
    .addHelpText('after', '\nExample:\n  webex-token open')
    .action(openApp);
}

async function openApp(options: { open: boolean }): Promise<void> {
  await withVault(async (vault) => {
    const server = await findRunningInstance(vault.settings.home);
    if (server === null) {
      throw new BrokerError('E_NOT_RUNNING', 'The web app is not running for this data folder.', {
        help: { text: 'Start it', command: ['serve'] },
      });
    }
    const browser = await chooseBrowser(options.open);
    const path = `/access/${await createAccessLink(vault, { sameUserOnly: willOpen(browser) })}`;
    await openWebApp(linkTo(path, server), browser);
  });
}
