import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type CopiedText, copyText } from '../../output/clipboard.ts';
import { systemClipboard } from '../../process/clipboard.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { note, warn } from '../terminal/terminal.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('copy')
    .description('Put the token on the clipboard, and take it off again.')
    .argument('<profile>')
    .option('--allow-expired', 'also when its time is over')
    .option('--clear-after <seconds>', 'how long it stays there', seconds, 45)
    .addHelpText(
      'after',
      '\nIt is cleared only if it still holds the token. Ctrl-C clears it at once.\n\nExample:\n  webex-token copy acme',
    )
    .action(copy);
}

async function copy(profile: string, options: { allowExpired?: boolean; clearAfter: number }): Promise<void> {
  const { copied, stopped } = await copyToken(profile, options.allowExpired);
  note(
    `The token of "${profile}" is on the clipboard, for ${options.clearAfter} seconds. Ctrl-C takes it off at once.`,
  );
  const early = new AbortController();
  await Promise.race([
    sleep(options.clearAfter * 1000, undefined, { signal: early.signal }).catch(() => {}),
    stopped,
  ]);
  early.abort();
  if (await copied.clear()) note('Cleared. A clipboard manager, if there is one, may have kept a copy.');
  else warn('The clipboard holds something else by now; it was left alone.');
}

/** Apart, so that nothing that waits refers to the token any more. */
async function copyToken(
  profile: string,
  allowExpired: boolean | undefined,
): Promise<{ copied: CopiedText; stopped: Promise<void> }> {
  const clipboard = systemClipboard();
  return await withVault(async (vault, actor) => {
    const { accessToken } = await readToken(vault, profile, actor, allowExpired);
    // Listened for before the token is there: no Ctrl-C may end this and leave it behind.
    const stopped = waitForShutdown();
    return { copied: await copyText(clipboard, accessToken), stopped };
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 600) return value;
  throw new InvalidArgumentError('It is a whole number of seconds from 1 to 600.');
}
