import { openBrowser } from './browser.ts';
import type { Links } from './links.ts';
import { note, styled, warn } from './terminal.ts';

/** Opens the web app, and prints its one-time link for every browser that could not be opened. */
export async function showTheWayIn(links: Links, mayOpen: boolean): Promise<void> {
  const link = links.main;
  const opened = mayOpen ? await openBrowser(links) : 'none';
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
