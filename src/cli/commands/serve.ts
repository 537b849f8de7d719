import { Command } from 'commander';
import { appOrigin } from '../../config.ts';
import { startServer } from '../../server/start.ts';
import { newEntryLink } from '../../vault/entry-links.ts';
import { createLog } from '../log.ts';
import { showTheWayIn } from '../show-the-way-in.ts';
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
