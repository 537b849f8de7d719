import { Command } from 'commander';
import { appOrigin } from '../../config.ts';
import { startServer } from '../../server/start.ts';
import { newEntryLink } from '../../vault/entry-links.ts';
import { openBrowser } from '../browser.ts';
import { createLog } from '../log.ts';
import { note, styled, warn } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('serve')
    .description('The web app on http://localhost:3000.')
    .option('--no-open', 'leave the browser alone')
    .option('--verbose', 'log every request on standard error')
    .addHelpText('after', '\nExample:\n  webex-token serve --no-open')
    .action(serve);
}

async function serve(options: { open: boolean; verbose?: boolean }): Promise<void> {
  await withVault(async (vault) => {
    const stopped = untilStopped();
    const server = await startServer(vault, createLog(options.verbose ? 'info' : 'warn'));
    try {
      await showTheWayIn(`${appOrigin(vault.settings)}/enter/${await newEntryLink(vault)}`, options.open);
      await stopped;
    } finally {
      await server.close();
    }
  });
}

/** Opens the web app, and prints its one-time link for every browser that could not be opened. */
export async function showTheWayIn(link: string, mayOpen: boolean): Promise<void> {
  const opened = mayOpen ? await openBrowser(link) : 'none';
  if (opened === 'normal') {
    warn(
      'This is a normal window: its history would keep the token on the disk. Better open the link below in a private one.',
    );
  }
  note(
    opened === 'private'
      ? `The web app is open in a private window: ${styled('bold', new URL(link).origin, process.stderr)}`
      : 'Open the web app in a private window of your browser. The link works once, within ten minutes:',
  );
  if (opened !== 'private') note(`\n${link}\n`);
  note('For another link run "webex-token open". Stop with Ctrl-C.');
}
