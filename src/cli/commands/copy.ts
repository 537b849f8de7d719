import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { type CopiedText, copyText } from '../../output/clipboard.ts';
import { systemClipboard } from '../../process/clipboard.ts';
import { plural } from '../../text/count.ts';
import { readToken } from '../../vault/tokens/read-token.ts';
import { waitForShutdown } from '../terminal/shutdown.ts';
import { note, warn } from '../terminal/terminal.ts';
import { warnOfExpiry } from '../terminal/warn-of-expiry.ts';
import { withVault } from '../with-vault.ts';

export function command(): Command {
  return new Command('copy')
    .description('Copy the token to the clipboard, and clear it after 45 seconds.')
    .argument('<profile>')
    .option('--allow-expired', 'copy the token even if it has expired')
    .option('--clear-after <seconds>', 'clear the clipboard after this many seconds', seconds, 45)
    .addHelpText(
      'after',
      '\nThe clipboard is cleared only if it still contains the token, or cannot be read. Ctrl-C clears it immediately.\n\nExample:\n  webex-token copy acme',
    )
    .action(copy);
}

async function copy(profile: string, options: { allowExpired?: boolean; clearAfter: number }): Promise<void> {
  const { copied, stopped } = await copyToken(profile, options.allowExpired);
  note(
    `Copied the token of "${profile}". The clipboard is cleared in ${plural(options.clearAfter, 'second')}; Ctrl-C clears it now.`,
  );
  const early = new AbortController();
  await Promise.race([
    sleep(options.clearAfter * 1000, undefined, { signal: early.signal }).catch(() => {}),
    stopped,
  ]);
  early.abort();
  const clearing = await copied.clear();
  if (clearing === 'changed') warn('The clipboard was not cleared because its content has changed.');
  else {
    if (clearing === 'cleared unread') warn('The clipboard could not be read. It was cleared to be safe.');
    note('Clipboard cleared. A clipboard manager may have kept a copy.');
  }
}

/** A separate function, so that no variable references the token while the command waits. */
async function copyToken(
  profile: string,
  allowExpired: boolean | undefined,
): Promise<{ copied: CopiedText; stopped: Promise<void> }> {
  const clipboard = systemClipboard();
  return await withVault(async (vault, actor) => {
    const token = await readToken(vault, profile, actor, allowExpired);
    warnOfExpiry(vault, token);
    // Signal handlers are set before the token is copied, so that Ctrl-C cannot leave it on the clipboard.
    const stopped = waitForShutdown();
    // Nor may a second one, while the clipboard is being cleared. That takes seconds at most.
    process.on('SIGINT', () => {});
    return { copied: await copyText(clipboard, token.accessToken), stopped };
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 600) return value;
  throw new InvalidArgumentError('Use a whole number of seconds from 1 to 600.');
}
